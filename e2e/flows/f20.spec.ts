// F-20: after verification one may use the platform's applications.
import { register, takeEntry } from '../support/api.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test('F-20 the app centre says why it is closed, leads to verification, and opens after it', async ({ page, t }) => {
  const person = await register('student')
  await enter(page, person)
  await page.goto('/space')
  await page.getByRole('link', { name: t('apps.more') }).click()
  await expect(page.getByText(t('apps.closed_why'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('apps.verify') }).click()
  await expect(page).toHaveURL(/\/verify/)

  const entry = await takeEntry('student', (e) => e.has_class)
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  await page.goto('/apps')
  const apps = page.getByRole('main').getByRole('listitem')
  await expect(apps).toHaveCount(2)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await apps.getByRole('link').last().click()
  await expect(page).toHaveURL(/\/me\/transfers/)
})
