// F-13: interception apps, congestion, faults of a gateway.
import { newPhone, newUsername, password } from '../support/people.ts'
import { expect, test } from '../support/carriers.ts'
import { expectAccessible, expectNoOverflow } from '../support/test.ts'
import { fillAccount } from '../support/walk.ts'

test.use({ broughtAbout: ['503 /api/v1/sms-codes'] })

test('F-13 both gateways are down: who waits keeps what was typed, and gets the code when one is back', async ({ page, t, carriers }) => {
  await Promise.all([carriers.first.behave({ throttle: true }), carriers.second.behave({ throttle: true })])
  const phone = newPhone()
  const username = newUsername()
  await fillAccount(page, t, 'public', username, password)
  const phoneField = page.getByLabel(t('account.phone.label'), { exact: true })
  await phoneField.fill(phone)
  await page.getByRole('button', { name: t('account.code.get') }).click()

  // Whether the outage is known already or found out by this very message: the way on is a button here.
  await page.getByRole('button', { name: t('account.code.wait') }).click({ timeout: 30_000 })
  const line = page.getByRole('button', { name: t('account.code.in_line') })
  await expect(line).toBeDisabled()
  await expect(page.getByRole('status').filter({ hasText: /自动发送|by itself/ })).toBeVisible()
  await expect(phoneField).toHaveValue(phone)
  await expectNoOverflow(page)
  await expectAccessible(page)

  await Promise.all([carriers.first.behave(), carriers.second.behave()])
  await expect(line).toBeHidden({ timeout: 40_000 })
  const codes = [...(await carriers.first.codes(phone)), ...(await carriers.second.codes(phone))]
  expect(codes).toHaveLength(1)
  await page.getByLabel(t('account.code.label')).fill(codes[0]!)
  await page.getByRole('button', { name: t('account.registration.create') }).click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.locator('body')).toContainText(username)
})

test('F-13 one gateway is down: the other takes over, and its report says what became of this message', async ({ page, t, carriers }) => {
  const phone = newPhone()
  await carriers.first.behave({ throttle: true })
  await carriers.second.behave({ report: { [phone]: 'MK:0024' } })
  await fillAccount(page, t, 'public', newUsername(), password)
  await page.getByLabel(t('account.phone.label'), { exact: true }).fill(phone)
  await page.getByRole('button', { name: t('account.code.get') }).click()
  await expect(page.locator('.message.sent')).toBeVisible()
  await page.getByRole('button', { name: t('account.code.not_arrived') }).click()
  const help = page.getByRole('region', { name: t('phone_help.title') })
  await expect(help).toContainText(t('phone_help.check.interception'))
  await expect(help).toContainText(t('phone_help.school.register'))
  await expectNoOverflow(page)
  await expectAccessible(page)

  // The phone is off: the carrier says so after a while, and its code stands at the end.
  await expect(page.locator('.message.failed')).toContainText('MK:0024', { timeout: 40_000 })
  await expect(help).toContainText(t('phone_help.state.failed', { phone }))
  await help.getByRole('button', { name: t('phone_help.change') }).click()
  await expect(page.getByLabel(t('account.phone.label'), { exact: true })).toBeFocused()
})
