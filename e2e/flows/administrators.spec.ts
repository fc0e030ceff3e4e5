import { administrator, Api, codeFor } from '../support/api.ts'
import { newPhone, newUsername, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test("a county appoints a school's administrator, who signs in with the one-time code and begins", async ({ page, t }) => {
  const county = await administrator('county')
  const schools = await (await Api.open()).ok<{ items: { id: string; name: string }[] }>(200, 'GET', `/api/v1/schools?region=${county.scope.id}`)
  const school = schools.items[0]!
  const username = newUsername()
  await signInOnScreen(page, t, county.username, county.password)
  await page.goto(`/admin/administrators?school_id=${school.id}&appoint=`)
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(t('account.username.label')).fill(username)
  await expectAccessible(page)
  await dialog.getByRole('button', { name: t('admin_administrators.appoint') }).click()
  const code = await dialog.locator('.secret button').innerText()
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
