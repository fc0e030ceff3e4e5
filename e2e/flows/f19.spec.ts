import { Api, register, takeEntry } from '../support/api.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { chooseSchool, enter, fillIdentity } from '../support/walk.ts'

test('F-19 somebody whose school is shown wrong is verified first, and then asks for the change', async ({ page, t }) => {
  const entry = await takeEntry('teacher')
  const schools = await (await Api.open()).ok<{ items: { id: string; name: string }[] }>(200, 'GET', '/api/v1/schools?region=510104&limit=200')
  const right = schools.items.find(({ id }) => id !== entry.school.id)!
  const person = await register('teacher')

  await enter(page, person)
  await page.goto('/verify')
  await fillIdentity(page, t, entry)
  await page.getByRole('button', { name: t('verify.submit') }).click()
  await expect(page.getByRole('heading', { name: t('verify.check_title') })).toBeVisible()
  await page.getByRole('button', { name: t('verify.wrong') }).click()
  await expect(page.getByText(t('verify.wrong_school'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('transfer.new') }).click()
  await chooseSchool(page, t('verify.school.school'), right.name)
  await page.getByLabel(t('transfer.reason')).fill('登记的学校不对')
  await page.getByRole('button', { name: t('transfer.send') }).click()
  await expect(page.locator('ol.steps')).toContainText(t('transfer.step.waits', { school: right.name }))
})
