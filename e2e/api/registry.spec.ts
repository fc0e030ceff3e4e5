import { expect, test } from '@playwright/test'
import { administrator, Api, freeEntries, problem, signIn, type DemoAccount } from '../support/api.ts'
import { csv, renamedPicture } from '../support/files.ts'
import { newName, newResidentID } from '../support/people.ts'

async function school(): Promise<{ api: Api; id: string; name: string }> {
  const account = await administrator('school')
  return { api: await signIn(account.username, account.password), id: account.scope.id, name: account.scope.name }
}

const student = (schoolID: string) => ({ kind: 'student', name: newName(), id_type: 'resident_id', id_number: newResidentID(), school_id: schoolID })

test('an entry is added, found, renamed and removed; its number never changes and is never shown', async () => {
  const { api, id } = await school()
  const body = student(id)
  const entry = await api.ok(201, 'POST', '/api/v1/admin/registry', body)
  expect(entry).toMatchObject({ kind: 'student', name: body.name, bound: false, account: null })
  for (const query of [`name=${encodeURIComponent(body.name)}`, `id_number=${body.id_number}`]) {
    const found = await api.ok(200, 'GET', `/api/v1/admin/registry?${query}`)
    expect(found.items.map((e: { id: string }) => e.id), query).toEqual([entry.id])
    expect(JSON.stringify(found)).not.toContain(body.id_number)
  }
  const name = newName()
  expect((await api.ok(200, 'PATCH', `/api/v1/admin/registry/${entry.id}`, { name })).name).toBe(name)
  const changed = await api.send('PATCH', `/api/v1/admin/registry/${entry.id}`, { id_number: newResidentID() })
  expect(changed.status(), await changed.text()).toBe(422)

  await api.refused(409, 'entry_exists_here', 'POST', '/api/v1/admin/registry', body)
  const shown = await api.ok(200, 'POST', `/api/v1/admin/registry/${entry.id}/reveal`, { reason: 'compare with the paper' })
  expect(shown.id_number).toBe(body.id_number)
  const audit = await api.ok(200, 'GET', '/api/v1/admin/audit?limit=200')
  const actions = audit.items.filter((r: { target_id: string }) => r.target_id === entry.id)
  expect(actions.length).toBeGreaterThanOrEqual(3) // created, renamed, shown
  expect(JSON.stringify(audit)).not.toContain(body.id_number)

  await api.ok(204, 'DELETE', `/api/v1/admin/registry/${entry.id}`)
  await api.refused(404, 'not_found', 'GET', `/api/v1/admin/registry/${entry.id}`)
})

test("another school's people do not exist for a school's administrator", async () => {
  const { api, id } = await school()
  const others = (await freeEntries('student')).filter((entry) => entry.school.id !== id)
  expect(others.length, 'the demo lists entries of several schools').toBeGreaterThan(0)
  const other = others[0]!
  const province = await administrator('province')
  const above = await signIn(province.username, province.password)
  const found = await above.ok(200, 'GET', `/api/v1/admin/registry?id_number=${other.id_number}`)
  const entry = found.items[0]

  await api.refused(404, 'not_found', 'GET', `/api/v1/admin/registry/${entry.id}`)
  await api.refused(404, 'not_found', 'PATCH', `/api/v1/admin/registry/${entry.id}`, { name: newName() })
  await api.refused(404, 'not_found', 'DELETE', `/api/v1/admin/registry/${entry.id}`)
  await api.refused(404, 'not_found', 'POST', `/api/v1/admin/registry/${entry.id}/reveal`, { reason: 'curious' })
  const searched = await api.ok(200, 'GET', `/api/v1/admin/registry?id_number=${other.id_number}`)
  expect(searched.items).toEqual([])

  // The other school is named to whoever knows the name as well, and to nobody else.
  const body = { kind: 'student', name: other.name, id_type: 'resident_id', id_number: other.id_number, school_id: id }
  const known = await api.refused(409, 'entry_exists_elsewhere', 'POST', '/api/v1/admin/registry', body)
  expect(JSON.stringify(known)).toContain(other.school.name)
  const guessed = await api.refused(409, 'entry_exists_elsewhere', 'POST', '/api/v1/admin/registry', { ...body, name: newName() })
  expect(JSON.stringify(guessed)).not.toContain(other.school.name)
})

test('an administrator of each level signs in with exactly that scope', async () => {
  const anyone = await Api.open()
  const accounts = await anyone.ok<DemoAccount[]>(200, 'GET', '/demo/accounts')
  for (const level of ['province', 'city', 'county', 'school'] as const) {
    const account = accounts.find((a) => a.scope?.level === level)
    expect(account, level).toBeTruthy()
    const api = await signIn(account!.username, account!.password)
    const me = await api.ok(200, 'GET', '/api/v1/me')
    expect(me.admin_grants).toContainEqual({ level, scope_id: account!.scope!.id, scope_name: account!.scope!.name })
  }
})

test('a roster is previewed, imported, and its refused rows come back with reasons', async () => {
  const { api, id } = await school()
  const twice = [newName(), newResidentID()]
  const rows = [
    ['2026 年秋季学生名单', '', ''],
    ['学生姓名', '身份证件号', '备注'],
    [newName(), newResidentID(), ''],
    twice as string[],
    twice as string[],
    [newName(), '5.10104E+17', ''],
    [newName(), '510104201302300011', ''],
    ['', '', ''],
    [newName(), `'${newResidentID()}`, ''],
  ]
  const file = csv('学生名单.csv', rows)
  const preview = await api.upload('/api/v1/admin/registry/imports?dry_run=true', file, { kind: 'student', school_id: id })
  expect(preview.status(), await preview.text()).toBe(200)
  const understood = await preview.json()
  expect(understood).toMatchObject({ format: 'csv', header_row: 2, total: 6, accepted: 3, rejected: 3 })
  expect(understood.columns.map((c: { field: string | null }) => c.field)).toEqual(['name', 'id_number', null])

  const started = await api.upload('/api/v1/admin/registry/imports', file, { kind: 'student', school_id: id })
  expect(started.status(), await started.text()).toBe(202)
  const { id: importID } = await started.json()
  await expect.poll(async () => (await api.ok(200, 'GET', `/api/v1/admin/registry/imports/${importID}`)).state, { timeout: 20_000 }).toBe('done')
  expect(await api.ok(200, 'GET', `/api/v1/admin/registry/imports/${importID}`)).toMatchObject({ total: 6, accepted: 3, rejected: 3, progress: 1 })
  const rejected = await api.send('GET', `/api/v1/admin/registry/imports/${importID}/rejected.xlsx`)
  expect(rejected.status()).toBe(200)
  expect((await rejected.body()).subarray(0, 2).toString()).toBe('PK')

  // The same file again: nothing is doubled, every row says that its person is here already.
  const again = await (await api.upload('/api/v1/admin/registry/imports?dry_run=true', file, { kind: 'student', school_id: id })).json()
  expect(again.rejects.map((r: { code: string }) => r.code)).toContain('entry_exists_here')
})

test('a file that is no roster is refused with the reason', async () => {
  const { api, id } = await school()
  const refusal = async (file: { name: string; mimeType: string; buffer: Buffer }) => {
    const response = await api.upload('/api/v1/admin/registry/imports?dry_run=true', file, { kind: 'student', school_id: id })
    return (await problem(response, 415, 'unsupported_file')).fields?.[0]?.code
  }
  expect(await refusal(renamedPicture)).toBe('not_a_table')
  expect(await refusal({ name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.alloc(0) })).toBe('empty')
  expect(await refusal(csv('a.csv', [['one', 'two'], ['1', '2']]))).toBe('no_header')
})

test('a class is added once, renamed, and kept while pupils are in it', async () => {
  const { api, id } = await school()
  const number = 100 + (Number(newResidentID().slice(14, 17)) % 800) // below the greatest, and none that a flow asks for
  const body = { school_id: id, stage: 'primary', entry_year: 2024, number }
  const made = await api.ok(201, 'POST', '/api/v1/admin/classes', body)
  expect(made).toMatchObject({ number, stage: 'primary', pupils: 0 })
  await api.refused(409, 'class_exists', 'POST', '/api/v1/admin/classes', body)
  await api.ok(200, 'PATCH', `/api/v1/admin/classes/${made.id}`, { name: '向日葵班' })
  const entry = await api.ok(201, 'POST', '/api/v1/admin/registry', { ...student(id), class_id: made.id })
  await api.refused(409, 'class_in_use', 'DELETE', `/api/v1/admin/classes/${made.id}`)
  await api.ok(204, 'DELETE', `/api/v1/admin/registry/${entry.id}`)
  await api.ok(204, 'DELETE', `/api/v1/admin/classes/${made.id}`)
})

test('pages of a list meet without a gap or a repetition', async () => {
  const { api, id } = await school()
  // People of a name nobody else here has, so that what other tests add and remove is not in this list.
  const family = newName() + newName()
  const added: string[] = []
  for (let n = 0; n < 8; n++) {
    added.push((await api.ok(201, 'POST', '/api/v1/admin/registry', { ...student(id), name: `${family}${'甲乙丙丁戊己庚辛'[n]}` })).id)
  }
  const list = (await api.ok(200, 'GET', `/api/v1/admin/registry?name=${encodeURIComponent(family)}&limit=60`)).items.map((e: { id: string }) => e.id)
  expect([...list].sort()).toEqual([...added].sort())
  const paged: string[] = []
  let cursor = ''
  do {
    const page = await api.ok(200, 'GET', `/api/v1/admin/registry?name=${encodeURIComponent(family)}&limit=3${cursor && `&cursor=${encodeURIComponent(cursor)}`}`)
    paged.push(...page.items.map((e: { id: string }) => e.id))
    cursor = page.next_cursor
  } while (cursor)
  expect(paged).toEqual(list)
})
