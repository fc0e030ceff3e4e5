// F-09: "无法修改绑定的手机": the password, the new number or the code.
import { register } from '../support/api.ts'
import { newPhone, otherPassword } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test('F-09 password and phone change; a wrong password keeps what was typed', async ({ page, t }) => {
  const person = await register('public')
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/me/security')
  const passwords = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.security.password') }) })
  await passwords.getByLabel(t('account.password.current')).fill('Wrong12345')
  await passwords.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  const change = passwords.getByRole('button', { name: t('me.security.change_password') })
  await change.click()
  await expect(passwords.getByLabel(t('account.password.current'))).toHaveAttribute('aria-describedby', /./)
  await expect(passwords.locator('.error').filter({ hasText: /./ }).or(passwords.getByRole('alert')).first()).toBeVisible()
  await expect(passwords.getByLabel(t('account.password.new'), { exact: true })).toHaveValue(otherPassword)
  await passwords.getByLabel(t('account.password.current')).fill(person.password)
  await change.click()
  await expect(passwords.getByText(t('me.security.password_saved'))).toBeVisible()

  const phone = newPhone()
  const phones = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.security.phone') }) })
  await phones.getByLabel(t('account.password.current')).fill(otherPassword)
  await askAndTypeCode(page, t, phone, 'account.phone.new')
  await phones.getByRole('button', { name: t('me.security.change_phone') }).click()
  await expect(phones.getByText(t('me.security.phone_saved'))).toBeVisible()
  await expect(phones).toContainText(`${phone.slice(0, 3)}****${phone.slice(7)}`)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await signOutOnScreen(page, t)
  await signInOnScreen(page, t, phone, otherPassword)
})

test('F-09 password, number and code each fail with their own words beside their own field', async ({ page, t }) => {
  const person = await register('public')
  const taken = await register('public')
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/me/security')
  const form = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.security.phone'), exact: true }) })
  const password = form.getByLabel(t('account.password.current'))
  const phone = form.getByLabel(t('account.phone.new'), { exact: true })
  const code = form.getByLabel(t('account.code.label'))
  const submit = form.getByRole('button', { name: t('me.security.change_phone') })
  const errorOf = (label: string) => form.locator('.field').filter({ has: page.getByLabel(t(label), { exact: true }) }).locator('.error')

  await password.fill(person.password)
  await phone.fill('1388000')
  await code.fill('123456')
  await submit.click()
  await expect(errorOf('account.phone.new')).toHaveText(t('account.phone.invalid', { n: 7 }))
  await expect(code).toHaveValue('123456')

  const number = newPhone()
  const right = await askAndTypeCode(page, t, number, 'account.phone.new')
  const wrong = right === '111111' ? '222222' : '111111'
  await code.fill(wrong)
  await submit.click()
  await expect(errorOf('account.code.label')).not.toBeEmpty()
  await expect(code).toHaveValue(wrong)
  await expect(phone).toHaveValue(number)

  await code.fill(right)
  await password.fill('Wrong12345')
  await submit.click()
  await expect(errorOf('account.password.current')).not.toBeEmpty()
  await expect(errorOf('account.code.label')).toBeEmpty()
  await expect(code).toHaveValue(right)

  // A number of another account is told apart from a wrong one.
  await page.reload()
  await password.fill(person.password)
  await askAndTypeCode(page, t, taken.phone, 'account.phone.new')
  await submit.click()
  await expect(errorOf('account.phone.new')).not.toBeEmpty()
  await expect(phone).toHaveValue(taken.phone)
  await expectNoOverflow(page)
})
