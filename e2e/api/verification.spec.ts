import { expect, test } from '@playwright/test'
import { administrator, Api, problem, register, signIn, takeEntry, type Entry } from '../support/api.ts'
import { newName, newResidentID, password } from '../support/people.ts'

const claim = (entry: Entry) => ({ kind: entry.kind, id_type: 'resident_id', id_number: entry.id_number, name: entry.name })

test('a person verifies, stands in the space, unbinds and verifies again', async () => {
  const person = await register('student')
  const entry = await takeEntry('student')
  const before = await person.api.ok(200, 'GET', '/api/v1/me')
  expect(before.binding).toBeNull()
  const binding = await person.api.ok(201, 'POST', '/api/v1/me/binding', claim(entry))
  expect(binding).toMatchObject({ kind: 'student', name: entry.name, school: entry.school })
  expect(binding.masked_id_number).toBe(`${entry.id_number.slice(0, 6)}********${entry.id_number.slice(-4)}`)
  const space = await person.api.ok(200, 'GET', '/api/v1/me/space')
  expect(space.school).toMatchObject(entry.school)
  expect(JSON.stringify(space)).not.toContain(entry.id_number)

  await person.api.refused(422, 'password_wrong', 'DELETE', '/api/v1/me/binding', { password: 'Wrong12345' })
  await person.api.ok(204, 'DELETE', '/api/v1/me/binding', { password })
  await person.api.ok(201, 'POST', '/api/v1/me/binding', claim(entry))
})

test('spellings of the same number and name are the same person', async () => {
  const person = await register('student')
  const entry = await takeEntry('student')
  const wide = [...entry.id_number.toLowerCase()].map((c) => (/\d/.test(c) ? String.fromCodePoint(c.codePointAt(0)! + 0xfee0) : c)).join('')
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { ...claim(entry), id_number: ` ${wide} `, name: ` ${[...entry.name].join(' ')} ` })
})

test('what can be told without the registry is told at once', async () => {
  const { api } = await register('student')
  const good = { kind: 'student', id_type: 'resident_id', id_number: newResidentID(), name: newName() }
  const lastWrong = good.id_number.slice(0, 17) + (good.id_number.endsWith('1') ? '2' : '1')
  for (const id_number of ['', '51010419', lastWrong, '510104201302300011']) {
    const refusal = await api.refused(422, 'id_number_invalid', 'POST', '/api/v1/me/binding', { ...good, id_number })
    expect(refusal.fields?.[0]?.field, id_number).toBe('id_number')
  }
  await api.refused(422, 'fields_swapped', 'POST', '/api/v1/me/binding', { ...good, id_number: good.name, name: good.id_number })
})

test('an unknown number and a wrong name are not told apart, and offer the same way on', async () => {
  const { api } = await register('student')
  const entry = await takeEntry('student')
  const unknown = await api.refused(422, 'realname_no_match', 'POST', '/api/v1/me/binding', { ...claim(entry), id_number: newResidentID() })
  const wrongName = await api.refused(422, 'realname_no_match', 'POST', '/api/v1/me/binding', { ...claim(entry), name: newName() })
  expect({ ...wrongName, request_id: '' }).toEqual({ ...unknown, request_id: '' })
  expect(unknown.next_step?.label).toBeTruthy()
  expect(JSON.stringify(unknown)).not.toContain(entry.id_number)
})

test('a taken entry shows its masked holder to whom it belongs, and to nobody else', async () => {
  const holder = await register('student')
  const entry = await takeEntry('student')
  await holder.api.ok(201, 'POST', '/api/v1/me/binding', claim(entry))
  const second = await register('student')
  const response = await second.api.send('POST', '/api/v1/me/binding', claim(entry))
  const refusal = await problem(response, 409, 'already_bound')
  const text = JSON.stringify(refusal)
  expect(refusal.next_step?.label).toBeTruthy()
  expect(text).toContain(`${holder.phone.slice(0, 3)}****${holder.phone.slice(7)}`)
  expect(text).not.toContain(holder.username)
  await second.api.refused(422, 'realname_no_match', 'POST', '/api/v1/me/binding', { ...claim(entry), name: newName() })
  await holder.api.refused(409, 'already_bound', 'POST', '/api/v1/me/binding', claim(await takeEntry('student')))
})

test('of two who claim one entry at once exactly one gets it', async () => {
  const entry = await takeEntry('student')
  const people = await Promise.all([1, 2, 3, 4].map(() => register('student')))
  const answers = await Promise.all(people.map(({ api }) => api.send('POST', '/api/v1/me/binding', claim(entry))))
  expect(answers.map((a) => a.status()).sort()).toEqual([201, 409, 409, 409])
})

test('what asks for a verified person says so', async () => {
  const { api } = await register('student')
  const refusal = await api.refused(403, 'realname_required', 'PUT', '/api/v1/me/binding/class', { class_id: 'any' })
  expect(refusal.next_step?.href).toBe('/verify')
})

test('a missing entry is a request that the school completes in one step, and the person is told', async () => {
  const person = await register('student')
  const { school } = await takeEntry('student')
  const name = newName()
  const id_number = newResidentID()
  const ticket = await person.api.ok(201, 'POST', '/api/v1/me/tickets', {
    kind: 'missing_entry', school_id: school.id, entry_kind: 'student', id_type: 'resident_id', id_number, name,
  })
  expect(ticket).toMatchObject({ kind: 'missing_entry', state: 'open' })
  const mine = await person.api.ok(200, 'GET', '/api/v1/me/tickets')
  expect(mine.items.map((t: { id: string }) => t.id)).toContain(ticket.id)
  expect(JSON.stringify(mine)).not.toContain(id_number)

  const province = await administrator('province')
  const admin = await signIn(province.username, province.password)
  await admin.ok(200, 'POST', `/api/v1/admin/tickets/${ticket.id}/complete`, {})
  const me = await person.api.ok(200, 'GET', '/api/v1/me')
  expect(me.binding).toMatchObject({ name, kind: 'student' })
  const done = await person.api.ok(200, 'GET', '/api/v1/me/tickets')
  expect(done.items[0].state).toBe('done')
})

test('a body of the wrong kind is refused precisely and changes nothing', async () => {
  const { api } = await register('student')
  for (const body of ['[]', '"text"', '{"kind":1}', '{"kind":"student"', '\u0000', `{"kind":"student","name":"${'x'.repeat(1 << 20)}"}`]) {
    const response = await api.send('POST', '/api/v1/me/binding', body, { 'Content-Type': 'application/json' })
    expect([400, 413, 422], `${body.slice(0, 30)}: ${await response.text()}`).toContain(response.status())
    expect(response.headers()['content-type']).toContain('application/problem+json')
  }
  const me = await api.ok(200, 'GET', '/api/v1/me')
  expect(me.binding).toBeNull()
  expect((await (await Api.open()).send('GET', '/readyz')).status()).toBe(200)
})
