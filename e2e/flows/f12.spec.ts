// F-12: "只有四川省的手机能收到短信,外省手机号不能使用".
import { newPhone, newUsername, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { fillAccount } from '../support/walk.ts'

test('F-12 a number of another province is told its province, and the ways on stand at the same place', async ({ page, t, language }) => {
  await fillAccount(page, t, 'public', newUsername(), password)
  const phone = page.getByLabel(t('account.phone.label'), { exact: true })
  await phone.fill('13800138000')
  await page.getByRole('button', { name: t('account.code.get') }).click()
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(language === 'en' ? 'Beijing' : '北京市')
  await expect(alert).toContainText(t('phone_help.own.register'))
  await expect(alert).toContainText(t('phone_help.school.register'))
  await expect(alert.getByRole('button', { name: t('account.slip.have') })).toBeVisible()
  await expect(phone).toHaveValue('13800138000')
  await expectNoOverflow(page)
  await expectAccessible(page)

  await alert.getByRole('button').filter({ hasText: /换一个手机号|another number/ }).click()
  await expect(phone).toBeFocused()
  await page.keyboard.type(`19900${newPhone().slice(5)}`)
  await expect(alert).toBeHidden()
  // Of this segment nothing is known: it is let through.
  await page.getByRole('button', { name: t('account.code.get') }).click()
  await expect(page.locator('.message.sent, .message.delivered')).toBeVisible()
})

test('F-12 a slip of the school is a way in for whoever gets no message', { tag: '@screen' }, async ({ page, t }) => {
  await page.goto('/reset-password')
  await page.getByLabel(t('account.phone.label'), { exact: true }).fill('13800138000')
  await page.getByRole('button', { name: t('account.code.get') }).click()
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(t('phone_help.factor'))
  await alert.getByRole('button', { name: t('account.slip.have') }).click()
  await expect(page).toHaveURL(/\/activate/)
})
