import { administrator, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { signInOnScreen } from '../support/walk.ts'

test('a school finds who may be listed twice, and says of a pair that they are two people', async ({ page, t }) => {
  const { scope, username, password } = await administrator('school')
  const office = await signIn(username, password)
  const name = newName()
  const one = newResidentID()
  // The same day of birth, and another number.
  const other = newResidentID(one.slice(6, 14))
  for (const id_number of [one, other]) await office.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number, school_id: scope.id })
  await signInOnScreen(page, t, username, password)
  await page.goto('/admin/registry')
  await page.getByRole('main').getByRole('link', { name: t('admin_registry.duplicates.title') }).click()
  await page.getByRole('button', { name: t('admin_registry.duplicates.begin'), exact: true }).or(page.getByRole('button', { name: t('admin_registry.duplicates.again'), exact: true })).click()
  const pair = page.getByRole('list', { name: t('admin_registry.duplicates.title') }).locator('> li').filter({ hasText: name })
  await expect(pair).toHaveCount(1, { timeout: 30_000 }) // the search runs in the background
  await expect(page.locator('body')).not.toContainText(one)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await pair.getByRole('button', { name: t('admin_registry.duplicates.replace') }).first().click()
  const replacing = page.getByRole('dialog', { name: t('admin_registry.replace.title', { name }) })
  await expect(replacing).toBeVisible()
  await replacing.getByRole('button', { name: t('common.cancel') }).click()
  await page.getByRole('dialog', { name }).getByRole('button', { name: 'Close' }).or(page.locator('.el-drawer__close-btn')).first().click()
  await pair.getByRole('button', { name: t('admin_registry.duplicates.apart') }).click()
  await expect(pair).toHaveCount(0)
})
