import { takeEntry } from '../support/api.ts'
import { newPhone, newUsername, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, fillAccount, fillIdentity } from '../support/walk.ts'

test('a pupil registers, verifies, chooses a class and arrives in the space', async ({ page, t }) => {
  const entry = await takeEntry('student', (e) => !e.has_class)
  const username = newUsername()
  const phone = newPhone()

  await fillAccount(page, t, 'student', username, password)
  await expectNoOverflow(page)
  await askAndTypeCode(page, t, phone)
  const create = page.getByRole('button', { name: t('account.registration.create') })
  await create.dblclick()
  await expect(page).toHaveURL(/\/verify/)

  await fillIdentity(page, t, entry)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('verify.submit') }).click()

  await expect(page.getByRole('heading', { name: t('verify.almost') })).toBeVisible()
  await expectNoOverflow(page)
  await page.getByRole('group').locator('label').first().click()
  await page.getByRole('button', { name: t('verify.class.choose') }).click()
  await expect(page.getByRole('heading', { name: t('verify.check_title') })).toBeVisible()
  await page.getByRole('button', { name: t('verify.right') }).click()

  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(entry.name)
  await expect(page.getByRole('main')).toContainText(entry.school.name)
  await expect(page.locator('body')).not.toContainText(entry.id_number)
  await expectNoOverflow(page)
  await expectAccessible(page)
})
