import { administrator, register, signIn, type Api } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { chooseSchool, enter } from '../support/walk.ts'

type School = { id: string; name: string; code: string }

const newSchool = (office: Api): Promise<School> =>
  office.ok(201, 'POST', '/api/v1/admin/schools', { code: `3151${newResidentID().slice(11, 17)}`, name: `草堂${newName()}中学`, region: '510104' })

/** A class of the school with two pupils. */
async function fullClass(office: Api, school: School): Promise<{ id: string; names: string[] }> {
  const year = (await office.ok(200, 'GET', '/api/v1/admin/school-years/summary')).year - 1
  const made = await office.ok(201, 'POST', '/api/v1/admin/classes', { school_id: school.id, stage: 'junior', entry_year: year, number: 1 })
  const names = [newName(), newName()]
  for (const name of names) {
    await office.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number: newResidentID(), school_id: school.id, class_id: made.id })
  }
  return { ...made, names }
}

const people = async (office: Api, school: School) => (await office.ok(200, 'GET', `/api/v1/admin/registry?school_id=${school.id}`)).items.length

test('F-26 a whole class goes to another school together', async ({ page, t }) => {
  const province = await administrator('province')
  const office = await signIn(province.username, province.password)
  const [from, to] = [await newSchool(office), await newSchool(office)]
  const moving = await fullClass(office, from)
  await enter(page, province)
  await page.goto(`/admin/classes?school_id=${from.id}&class=${moving.id}`)
  await page.getByRole('button', { name: t('admin_moves.class_button') }).click()
  const dialog = page.getByRole('dialog', { name: t('admin_moves.title') })
  await chooseSchool(page, t('admin.school.label'), to.name, dialog)
  await dialog.getByRole('button', { name: t('admin_moves.see') }).click()
  await expectAccessible(page)
  await expectNoOverflow(page)
  // The other school does not teach the grade: whoever moves them says that they know.
  const go = dialog.getByRole('button', { name: t('admin_moves.go', { n: 2 }) })
  await expect(go).toBeDisabled()
  await dialog.getByLabel(t('admin_moves.knowing')).check()
  await go.click()
  await expect(dialog.getByText(t('admin_moves.moved', { n: 2, from: from.name, to: to.name }))).toBeVisible()
  await expect(dialog.getByRole('list', { name: t('admin_moves.names') })).toContainText(moving.names[0]!)
  expect(await people(office, to)).toBe(2)
  // And back, from where moves are listed.
  await page.goto('/admin/moves')
  await page.getByRole('button', { name: t('admin_moves.back.button', { to: from.name }) }).click()
  const back = page.getByRole('dialog', { name: t('admin_moves.back.title') })
  await back.getByRole('button', { name: t('admin_moves.go', { n: 2 }) }).click()
  await expect(back.getByText(t('admin_moves.moved', { n: 2, from: to.name, to: from.name }))).toBeVisible()
  await back.getByRole('button', { name: t('admin_moves.close') }).click()
  const taken = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: `${from.name} → ${to.name}` }) })
  await expect(taken.getByRole('link', { name: t('admin_moves.back.show') })).toBeVisible()
  await expect(page.getByRole('listitem').filter({ hasText: /八年级|Grade 8/ })).toHaveCount(2) // there and back
  await expect(taken.getByRole('button', { name: t('admin_moves.back.button', { to: from.name }) })).toHaveCount(0)
  await expectNoOverflow(page)
  const inClass = await office.ok(200, 'GET', `/api/v1/admin/registry?class_id=${moving.id}`)
  expect(inClass.items).toHaveLength(2)
})

test('F-26 a school becomes part of another', async ({ page, t }) => {
  const province = await administrator('province')
  const office = await signIn(province.username, province.password)
  const [from, to] = [await newSchool(office), await newSchool(office)]
  await fullClass(office, from)
  const head = await register('teacher')
  await office.ok(201, 'POST', '/api/v1/admin/administrators', { username: head.username, level: 'school', scope_id: from.id, existing: true })
  await enter(page, province)
  await page.goto(`/admin/schools?region=510104&q=${from.name}&school=${from.id}`)
  await page.getByRole('button', { name: t('admin_moves.merge.button') }).click()
  const drawer = page.getByRole('dialog')
  await chooseSchool(page, t('admin.school.label'), to.name, drawer)
  await drawer.getByRole('button', { name: t('admin_moves.see') }).click()
  await drawer.getByLabel(t('admin_moves.merge.end')).check()
  await drawer.getByLabel(t('admin_moves.merge.type_code', { code: from.code })).fill(from.code)
  await expectAccessible(page)
  await expectNoOverflow(page)
  await drawer.getByRole('button', { name: t('admin_moves.merge.go') }).click()
  await expect(drawer.getByRole('link', { name: t('admin_schools.merged_people', { to: to.name }) })).toBeVisible()
  await expect(drawer.getByRole('button', { name: t('common.save') })).toHaveCount(0)
  expect(await people(office, to)).toBe(2)
  await page.goto('/admin/moves')
  const first = page.getByRole('list', { name: t('admin.nav.moves') }).getByRole('listitem').filter({ hasText: from.name })
  await expect(first).toContainText(`${from.name} → ${to.name}`)
  await expect(first).toContainText(province.username)
  await expectAccessible(page)
  await expectNoOverflow(page)
  // The record has one line for it at each school, and what became of each person under it.
  await page.goto('/admin/audit')
  const line = page.getByRole('row').filter({ hasText: from.name })
  await line.getByRole('link', { name: t('admin_audit.under', { n: 4 }) }).first().click()
  await expect(page.getByRole('row')).toHaveCount(5) // heading, the class at both schools, two pupils
  await expect(page.getByRole('main')).toContainText(t('admin_audit.of_batch'))
  await expectAccessible(page)
  await expectNoOverflow(page)
  // Whoever looks for the school that ended is offered the one that it is part of.
  await page.goto('/recover')
  await page.getByRole('button', { name: t('recovery.school_choose') }).click()
  await page.getByRole('combobox', { name: t('verify.school.school') }).fill(from.name)
  await page.getByRole('option', { name: t('verify.school.merged', { name: from.name, to: to.name }) }).click()
  await expect(page.getByText(to.name, { exact: true })).toBeVisible()
  // Whoever administered it reads what has become of it.
  await enter(page, head)
  await page.goto('/admin')
  await expect(page.getByRole('main')).toContainText(from.name)
  await expect(page.getByRole('main')).toContainText(to.name)
  await expectAccessible(page)
  await expectNoOverflow(page)
})
