import { register, signIn } from '../support/api.ts'
import { newUsername, otherPassword, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, fillAccount, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test('a mother with one phone has an account, and each of her three children one', async ({ page, t }) => {
  test.slow() // three registrations, each waiting for its code
  const mother = await register('parent')
  const children = [newUsername(), newUsername(), newUsername()]
  const masked = `${mother.phone.slice(0, 3)}****${mother.phone.slice(7)}`
  for (const [at, username] of children.entries()) {
    await fillAccount(page, t, 'student', username, password)
    if (at > 0) await page.getByText(t('account.registration.guardians'), { exact: false }).click()
    await askAndTypeCode(page, t, mother.phone)
    await page.getByRole('button', { name: t('account.registration.create') }).click()
    if (at === 0) {
      // The first did not know: the phone is her mother's login. One click goes on, with the same code.
      const alert = page.getByRole('alert')
      await expect(alert).toContainText('phone_taken')
      await expectNoOverflow(page)
      await expectAccessible(page)
      await alert.getByRole('button').first().click()
    }
    await expect(page).toHaveURL(/\/verify/)
    await page.goto('/me/security')
    await expect(page.getByRole('main')).toContainText(t('me.contact.now', { phone: masked }))
    await expectNoOverflow(page)
    await expectAccessible(page)
    await signOutOnScreen(page, t)
  }
  for (const username of children) await signIn(username, password)
  await signInOnScreen(page, t, mother.phone, mother.password)
  await expect(page.locator('body')).toContainText(mother.username)
})

test("a pupil's forgotten password is found again by the mother's phone", async ({ page, t }) => {
  test.slow() // two codes are waited for
  const mother = await register('parent')
  const username = newUsername()
  await fillAccount(page, t, 'student', username, password)
  await page.getByText(t('account.registration.guardians'), { exact: false }).click()
  await askAndTypeCode(page, t, mother.phone)
  await page.getByRole('button', { name: t('account.registration.create') }).click()
  await expect(page).toHaveURL(/\/verify/)
  await signOutOnScreen(page, t)

  await page.goto('/reset-password')
  await page.getByLabel(t('account.username.label')).fill(username)
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  await askAndTypeCode(page, t, mother.phone)
  await page.getByRole('button', { name: t('reset.submit') }).click()
  await expect(page.getByText(t('reset.done_title'))).toBeVisible()
  await signInOnScreen(page, t, username, otherPassword)
  await signIn(mother.username, mother.password) // hers is untouched
})

test('a recovery contact is removed, and a pupil without a phone sets another', async ({ page, t }) => {
  test.slow() // three people register
  const [mother, father] = [await register('parent'), await register('parent')]
  const username = newUsername()
  await fillAccount(page, t, 'student', username, password)
  await page.getByText(t('account.registration.guardians'), { exact: false }).click()
  await askAndTypeCode(page, t, mother.phone)
  await page.getByRole('button', { name: t('account.registration.create') }).click()
  await expect(page).toHaveURL(/\/verify/)
  await page.goto('/me/security')
  const form = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.contact.title') }) })
  await form.getByRole('button', { name: t('me.contact.remove') }).click()
  await form.getByLabel(t('account.password.current')).fill(password)
  await form.getByRole('button', { name: t('me.contact.remove') }).click()
  await expect(page.getByText(t('me.security.must.bind_phone'))).toBeVisible()

  await form.getByLabel(t('account.password.current')).fill(password)
  await form.getByLabel(t('me.contact.phone'), { exact: true }).fill(father.phone)
  await expectNoOverflow(page)
  await expectAccessible(page)
})
