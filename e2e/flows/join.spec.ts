import { register, takeEntry } from '../support/api.ts'
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

  // It was the wrong one: until the school sets it, it can be chosen again.
  const given = page.getByRole('definition').last()
  const wrong = await given.innerText()
  await page.getByRole('button', { name: t('verify.wrong') }).click()
  await page.getByRole('button', { name: t('verify.class.again') }).click()
  const again = page.getByRole('region', { name: t('verify.class.again_title') })
  await again.getByRole('group').locator('label').first().click()
  await expectNoOverflow(page)
  await again.getByRole('button', { name: t('verify.class.choose') }).click()
  await expect(again).toBeHidden()
  await expect(given).not.toHaveText(wrong)
  await page.getByRole('button', { name: t('verify.right') }).click()

  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(entry.name)
  await expect(page.getByRole('main')).toContainText(entry.school.name)
  await expect(page.locator('body')).not.toContainText(entry.id_number)
  await expectNoOverflow(page)
  await expectAccessible(page)
})

test('a taken username is told before anything else is asked for', async ({ page, t }) => {
  const { username } = await register('public')
  await page.goto('/register')
  await page.getByText(t('account.registration.role_hint.public')).click()
  const name = page.getByLabel(t('account.username.label'))
  await name.fill(username.toUpperCase())
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(password)
  await expect(name).toHaveAttribute('aria-invalid', 'true')
  await page.getByRole('button', { name: t('common.next'), exact: true }).click()
  await expect(name).toBeVisible()
  await name.fill(newUsername())
  await expect(name).toHaveAttribute('aria-invalid', 'false')
  await page.getByRole('button', { name: t('common.next'), exact: true }).click()
  await expect(page.getByLabel(t('account.phone.label'), { exact: true })).toBeVisible()
})

test('rules are told while one types', { tag: '@screen' }, async ({ page, t }) => {
  await page.goto('/register')
  const name = page.getByLabel(t('account.username.label'))
  await name.fill('ｗａｎｇ１２３４')
  await expect(page.getByText(t('account.username.full_width'))).toBeVisible()
  await page.getByRole('button', { name: t('account.username.convert', { plain: 'wang1234' }) }).click()
  await expect(name).toHaveValue('wang1234')
  await page.getByLabel(t('account.password.label'), { exact: true }).fill('abcdefgh')
  const rules = page.getByRole('list', { name: t('account.password.rules') }).getByRole('listitem')
  await expect(rules.filter({ hasText: t('account.password.lower') })).toContainText(t('account.password.met'))
  await expect(rules.filter({ hasText: t('account.password.upper') })).toContainText(t('account.password.not_met'))
  await expectNoOverflow(page)
  await expectAccessible(page)
})
