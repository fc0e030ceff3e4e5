import { register, takeEntry } from '../support/api.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { fillIdentity, signInOnScreen } from '../support/walk.ts'

test('F-15 whoever finds their own account of before signs in with that', async ({ page, t }) => {
  const entry = await takeEntry('student')
  const [holder, person] = [await register('student'), await register('student')]
  await holder.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/verify')
  await fillIdentity(page, t, entry)
  await page.getByRole('button', { name: t('verify.submit') }).click()
  const masked = `${holder.phone.slice(0, 3)}****${holder.phone.slice(7)}`
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(masked)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await alert.getByRole('button', { name: t('verify.holder_sign_in') }).click()
  await expect(page).toHaveURL(/\/login$/)
  await expect(page.getByRole('main')).toContainText(masked)
  await page.getByLabel(t('account.login.login')).fill(holder.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(holder.password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(entry.name)
})
