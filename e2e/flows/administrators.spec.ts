import { administrator, Api, codeFor } from '../support/api.ts'
import { newName, newPhone, newResidentID, newUsername, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, enter, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test("a county appoints a school's administrator, who signs in with the one-time code and begins", async ({ page, t }) => {
  const county = await administrator('county')
  const schools = await (await Api.open()).ok<{ items: { id: string; name: string }[] }>(200, 'GET', `/api/v1/schools?region=${county.scope.id}`)
  const school = schools.items[0]!
  const username = newUsername()
  await enter(page, county)
  await page.goto(`/admin/administrators?school_id=${school.id}&appoint=`)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(t('account.username.label')).fill(username)
  await expectAccessible(page)
  await dialog.getByRole('button', { name: t('admin_administrators.appoint') }).click()
  await dialog.getByRole('button', { name: t('admin_accounts.reset.copy') }).click()
  await expect(dialog.getByRole('button', { name: t('common.copied') })).toBeVisible()
  const code = await dialog.getByLabel(t('admin_accounts.reset.code')).inputValue()
  expect(code).toMatch(/^[2-9a-z]{12}$/)
  await expectNoOverflow(page)
  await dialog.getByRole('button', { name: t('admin_accounts.reset.close') }).click()
  await expect(page.getByText(username)).toBeVisible()
  await signOutOnScreen(page, t)

  await signInOnScreen(page, t, username, code)
  await page.getByLabel(t('me.security.one_time_code')).fill(code)
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(password)
  await page.getByRole('button', { name: t('me.security.change_password') }).click()
  const phone = newPhone()
  await page.getByLabel(t('account.password.current')).fill(password)
  await askAndTypeCode(page, t, phone)
  expect(await codeFor(phone)).toMatch(/^\d{6}$/)
  await page.getByRole('button', { name: t('me.security.bind_phone') }).click()
  await expect(page).toHaveURL(/\/admin/)
  await expect(page.getByRole('paragraph').filter({ hasText: school.name }).filter({ visible: true }).first()).toBeVisible()
})

test('a county corrects the code of a school that was added by mistake, and removes it', async ({ page, t }) => {
  const county = await administrator('county')
  const name = `${newName()}职业学校`
  const code = () => `5151${newResidentID().slice(11, 17)}`
  const [wrong, right] = [code(), code()]
  await signInOnScreen(page, t, county.username, county.password)
  const made = await page.request.post('/api/v1/admin/schools', { data: { code: wrong, name, region: county.scope.id } })
  expect(made.status(), await made.text()).toBe(201)
  await page.goto(`/admin/schools?q=${encodeURIComponent(name)}`)
  await page.getByRole('row', { name: t('admin_schools.open', { name }) }).click()
  const drawer = page.getByRole('dialog', { name })
  await drawer.getByRole('button', { name: t('admin_schools.mistake.code') }).click()
  await drawer.getByLabel(t('admin_schools.mistake.new_code')).fill(right)
  await expectAccessible(page)
  await drawer.locator('form').last().getByRole('button', { name: t('common.save') }).click()
  await expect(drawer).toContainText(right)

  await drawer.getByRole('button', { name: t('admin_schools.mistake.remove'), exact: true }).click()
  const sure = drawer.getByRole('button', { name: t('admin_schools.mistake.remove_sure') })
  const typed = drawer.getByLabel(t('admin_schools.mistake.type_code', { code: right }))
  await typed.fill(wrong)
  await expect(sure).toBeDisabled()
  await typed.fill(right)
  await expectNoOverflow(page)
  await sure.click()
  await expect(drawer).toBeHidden()
  await expect(page.getByText(t('admin_schools.none_found'), { exact: true })).toBeVisible()
})
