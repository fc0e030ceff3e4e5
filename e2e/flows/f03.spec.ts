// F-03: "确认账号格式是否正确,6-16位数字或字母"; the old system told six characters that they were fewer than six.
import { register } from '../support/api.ts'
import { newPhone, newUsername, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, fillAccount } from '../support/walk.ts'

test('F-03 six characters are six, and what is wrong is shown for what it is', { tag: '@screen' }, async ({ page, t }) => {
  await page.goto('/register')
  const name = page.getByLabel(t('account.username.label'))
  await name.fill('wang1')
  await name.blur()
  await expect(page.getByText(t('account.username.too_short', { n: 5, min: 6 }))).toBeVisible()
  await name.fill('wang12')
  await name.blur()
  await expect(name).toHaveAttribute('aria-invalid', 'false')
  await name.fill('ｗａｎｇ１２３４')
  await expect(page.getByText(t('account.username.full_width'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('account.username.convert', { plain: 'wang1234' }) }).click()
  await expect(name).toHaveValue('wang1234')
  await expect(name).toHaveAttribute('aria-invalid', 'false')
})

test('F-03 a name that differs from another in case alone is taken, and everything typed stays', async ({ page, t }) => {
  const other = await register('public')
  const phone = newPhone()
  await fillAccount(page, t, 'public', other.username.toUpperCase(), password)
  const name = page.getByLabel(t('account.username.label'))
  await expect(name).toHaveValue(other.username.toUpperCase())
  await expect(name).toHaveAttribute('aria-invalid', 'true')
  await name.fill(newUsername())
  await page.getByRole('button', { name: t('common.next'), exact: true }).click()
  await askAndTypeCode(page, t, phone)
  await page.getByRole('button', { name: t('account.registration.create') }).click()
  await expect(page).toHaveURL(/\/space/)
})
