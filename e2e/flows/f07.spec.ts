// F-07: "忘记密码,可通过平台登录时的提示,自助找回".
import { register } from '../support/api.ts'
import { otherPassword } from '../support/people.ts'
import { expect, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, signInOnScreen } from '../support/walk.ts'

test('F-07 a forgotten password is reset, and the new one signs in', async ({ page, t }) => {
  const person = await register('public')
  await page.goto('/login')
  await page.getByRole('link', { name: t('account.login.forgot') }).click()
  await expect(page.getByRole('heading', { name: t('reset.title') })).toBeVisible()
  await page.getByLabel(t('account.username.label')).fill(person.username)
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  await askAndTypeCode(page, t, person.phone)
  await page.getByRole('button', { name: t('reset.submit') }).click()
  await expect(page.getByText(t('reset.done_title'))).toBeVisible()
  await expectNoOverflow(page)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in') }).click()
  await expect(page.getByLabel(t('account.login.login'))).toHaveValue(person.username)
  await signInOnScreen(page, t, person.phone, otherPassword)
  await expect(page).toHaveURL(/\/space/)
})
