// F-28: a school changes passwords and phones in teacher and student management.
import { administrator, Api, codeFor, register, signIn, takeEntry } from '../support/api.ts'
import { newName, newPhone, newResidentID, otherPassword, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test('F-28 a school hands out a one-time code, changes a phone and unbinds, each with its reason, its notice and its record', async ({ page, t }) => {
  const school = await administrator('school')
  const desk = await signIn(school.username, school.password)
  const person = await register('student')
  const [name, id_number] = [newName(), newResidentID()]
  await desk.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number, school_id: school.scope.id })
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number, name })

  await enter(page, school)
  await page.goto('/admin/accounts')
  const find = async (whom: string) => {
    await page.getByLabel(t('admin_accounts.search')).fill(whom)
    await page.getByRole('search').getByRole('button', { name: t('admin_accounts.find') }).click()
    await expect(page.getByRole('list', { name: t('admin_accounts.found') })).toContainText(name)
  }
  await find(id_number)

  // Nothing is done without a reason.
  await page.getByRole('button', { name: t('admin_accounts.phone.button') }).click()
  const dialog = page.getByRole('dialog')
  const phone = newPhone()
  await dialog.getByLabel(t('admin_accounts.phone.new')).fill(phone)
  await dialog.getByRole('button', { name: t('admin_accounts.phone.confirm'), exact: true }).click()
  await expect(dialog).toBeVisible()
  await dialog.getByRole('button', { name: t('admin_accounts.phone.reason_lost') }).click()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await dialog.getByRole('button', { name: t('admin_accounts.phone.confirm'), exact: true }).click()
  await expect(page.getByRole('list', { name: t('admin_accounts.found') })).toContainText(`${phone.slice(0, 3)}****${phone.slice(7)}`)
  await expectTold(person.phone)
  await expectTold(phone)

  await page.getByRole('button', { name: t('admin_accounts.reset.button') }).click()
  await dialog.getByRole('button', { name: t('admin_accounts.reset.reason_forgot') }).click()
  await dialog.getByRole('button', { name: t('admin_accounts.reset.confirm'), exact: true }).click()
  const code = await dialog.getByLabel(t('admin_accounts.reset.code')).inputValue()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: t('admin_accounts.reset.close') }).click()
  await (await Api.open()).refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: person.username, password: person.password })
  const session = await (await Api.open()).ok(201, 'POST', '/api/v1/sessions', { login: person.username, password: code })
  expect(session.must).toEqual(['replace_password'])
  await (await Api.open(session.token)).ok(204, 'PUT', '/api/v1/me/password', { current_password: code, new_password: otherPassword })

  await page.getByRole('button', { name: t('admin_registry.unbind.button') }).click()
  await dialog.getByRole('button', { name: t('admin_registry.unbind.reason_asked') }).click()
  await dialog.getByRole('button', { name: t('admin_registry.unbind.button'), exact: true }).click()
  await expect(page.getByRole('status').filter({ hasText: name })).toBeVisible()
  const theirs = await signIn(person.username, otherPassword)
  expect(await theirs.ok(200, 'GET', '/api/v1/me')).toMatchObject({ binding: null })

  await page.goto('/admin/audit')
  for (const action of ['account.replace_phone', 'account.issue_code', 'binding.unbind']) {
    await expect(page.getByRole('main')).toContainText(t(`record.${action}`, { masked_phone: `${phone.slice(0, 3)}****${phone.slice(7)}` }))
  }
})

test('F-28 the school helps a parent at its desk, who is nobody in the registry, until a child is at another school, too', async ({ page, t }) => {
  const school = await administrator('school')
  const [desk, parent] = [await signIn(school.username, school.password), await register('parent')]
  const [name, id_number] = [newName(), newResidentID()]
  await desk.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number, school_id: school.scope.id })
  const child = { kind: 'parent', id_type: 'resident_id', id_number, name, guardian_name: '王芳', relation: 'mother' }
  const { id } = await parent.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/binding', child)

  await enter(page, school)
  await page.goto('/admin/accounts')
  const find = async (by = parent.phone) => {
    await page.getByLabel(t('admin_accounts.search')).fill(by)
    await page.getByRole('search').getByRole('button', { name: t('admin_accounts.find') }).click()
  }
  await find()
  await expect(page.getByRole('main')).toContainText(t('admin_accounts.none_detail.phone'))
  await desk.ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [id], confirm: true })
  await find(name) // who has forgotten username and phone has a child
  const found = page.getByRole('list', { name: t('admin_accounts.found') })
  await expect(found).toContainText(name)
  await expect(found).toContainText(t('admin_accounts.no_entry'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('admin_accounts.reset.button') }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: t('admin_accounts.reset.reason_forgot') }).click()
  await dialog.getByRole('button', { name: t('admin_accounts.reset.confirm'), exact: true }).click()
  const code = await dialog.getByLabel(t('admin_accounts.reset.code')).inputValue()
  await dialog.getByRole('button', { name: t('admin_accounts.reset.close') }).click()
  const session = await (await Api.open()).ok(201, 'POST', '/api/v1/sessions', { login: parent.username, password: code })
  const theirs = await Api.open(session.token)
  await theirs.ok(204, 'PUT', '/api/v1/me/password', { current_password: code, new_password: otherPassword })

  const elsewhere = await takeEntry('student', (e) => e.school.id !== school.scope.id)
  const other = await theirs.ok<{ id: string }>(201, 'POST', '/api/v1/me/binding', { ...child, name: elsewhere.name, id_number: elsewhere.id_number })
  await (await signIn('sichuan1', password)).ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [other.id], confirm: true })
  await find()
  await expect(page.getByRole('main')).toContainText(t('admin_accounts.none_detail.phone'))
})

/** Something came to the phone. */
async function expectTold(phone: string): Promise<void> {
  await expect.poll(() => codeFor(phone).then(() => true, () => false)).toBe(true)
}
