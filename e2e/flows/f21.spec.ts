import { register, takeEntry } from '../support/api.ts'
import { expect, expectNoOverflow, test } from '../support/test.ts'
import { enter, fillIdentity } from '../support/walk.ts'

test('F-21 a teacher unbinds and verifies again', async ({ page, t }) => {
  const person = await register('teacher')
  const entry = await takeEntry('teacher')
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'teacher', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  await enter(page, person)
  await page.goto('/me')
  await expect(page.getByRole('main')).toContainText(entry.school.name)
  await page.getByRole('button', { name: t('me.profile.unbind'), exact: true }).click()
  await page.getByLabel(t('account.password.current')).fill(person.password)
  await page.getByRole('button', { name: t('me.profile.unbind_confirm') }).click()
  await expect(page).toHaveURL(/\/verify/)
  await fillIdentity(page, t, entry)
  await page.getByRole('button', { name: t('verify.submit') }).click()
  await page.getByRole('button', { name: t('verify.right') }).click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(entry.name)
  await expectNoOverflow(page)
})
