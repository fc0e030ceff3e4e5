// F-14: "单日下发验证码限制为10次,超过无效". The test server allows five.
import { Api } from '../support/api.ts'
import { newPhone, newUsername, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { fillAccount } from '../support/walk.ts'

test('F-14 the screen says how many codes are left, and after the last when there are more', async ({ page, t }) => {
  const phone = newPhone()
  await fillAccount(page, t, 'public', newUsername(), password)
  await page.getByLabel(t('account.phone.label'), { exact: true }).fill(phone)
  await page.getByRole('button', { name: t('account.code.get') }).click()
  await expect(page.getByText(t('account.code.remaining', { n: 4, limit: 5 }))).toBeVisible()
  const elsewhere = await Api.open()
  for (let left = 3; left >= 1; left--) {
    await expect(async () => {
      const sent = await elsewhere.ok(202, 'POST', '/api/v1/sms-codes', { phone, purpose: 'register' })
      expect(sent.remaining_today).toBe(left)
    }).toPass({ intervals: [300], timeout: 15_000 })
  }
  const again = page.getByRole('button', { name: t('account.code.again'), exact: true })
  await expect(async () => {
    await again.click({ timeout: 3_000 })
    await expect(page.getByText(t('account.code.remaining', { n: 0, limit: 5 }))).toBeVisible({ timeout: 3_000 })
  }).toPass({ timeout: 30_000 })
  const alert = page.getByRole('alert')
  await expect(async () => {
    await again.click({ timeout: 3_000 })
    await expect(alert).toContainText('sms_quota_exceeded', { timeout: 3_000 })
  }).toPass({ timeout: 30_000 })
  await expect(alert).toContainText(/零点|midnight/)
  await expect(page.getByLabel(t('account.phone.label'), { exact: true })).toHaveValue(phone)
  await expectNoOverflow(page)
  await expectAccessible(page)
})
