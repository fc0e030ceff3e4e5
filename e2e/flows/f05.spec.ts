// F-05: "注册超时,刷新页面重试".
import { Api, administrator, codeFrom, register, signIn } from '../support/api.ts'
import { newName, newPhone, newResidentID, newUsername, otherPassword, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, enter, fillAccount, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test('F-05 a code that is wrong or has expired costs nothing that was typed', async ({ page, t }) => {
  const username = newUsername()
  const phone = newPhone()
  await fillAccount(page, t, 'public', username, password)
  const right = await askAndTypeCode(page, t, phone)
  const code = page.getByLabel(t('account.code.label'))
  const create = page.getByRole('button', { name: t('account.registration.create') })
  const wrong = right === '111111' ? '222222' : '111111'

  await code.fill(wrong)
  await create.click()
  await expect(code).toHaveAttribute('aria-invalid', 'true')
  await expect(code).toHaveValue(wrong)
  await expect(page.getByLabel(t('account.phone.label'), { exact: true })).toHaveValue(phone)

  // Somebody guesses the code to its end meanwhile.
  const guesser = await Api.open()
  for (let i = 0; i < 4; i++) {
    const body = { username: newUsername(), password, phone, sms_code: wrong, role: 'public' }
    await guesser.refused(422, 'sms_code_wrong', 'POST', '/api/v1/accounts', body)
  }
  await code.fill(right)
  await create.click()
  await expect(code).toHaveValue('')
  await expect(page.getByLabel(t('account.phone.label'), { exact: true })).toHaveValue(phone)

  await code.fill(await codeFrom(() => page.getByRole('button', { name: t('account.code.again'), exact: true }).click(), phone))
  await create.click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.locator('body')).toContainText(username)
})

test('F-05 what was typed before a reload is still there, the password excepted', { tag: '@screen' }, async ({ page, t }) => {
  const username = newUsername()
  await fillAccount(page, t, 'teacher', username, password)
  await page.getByLabel(t('account.phone.label'), { exact: true }).fill('13880')
  await page.reload()
  await expect(page.getByLabel(t('account.username.label'))).toHaveValue(username)
  await expect(page.getByLabel(t('account.password.label'), { exact: true })).toHaveValue('')
})

test('F-05 a session that ends under an open form is renewed over it, and the form goes on', async ({ page, t }) => {
  const account = await administrator('school')
  const name = newName()
  await enter(page, account)
  await page.goto('/admin/registry')
  await page.getByRole('button', { name: t('admin_registry.add.button') }).first().click()
  const drawer = page.getByRole('dialog', { name: t('admin_registry.add.title') })
  await drawer.getByLabel(t('admin_registry.column.name')).fill(name)
  await drawer.getByLabel(t('admin_registry.column.id_number')).fill(newResidentID())

  await page.request.delete('/api/v1/sessions/current')
  await drawer.getByRole('button', { name: t('admin_registry.add.save'), exact: true }).click()
  const again = page.getByRole('dialog', { name: t('me.again.title') })
  await expect(again).toContainText(account.username)
  await expectNoOverflow(page)
  await expectAccessible(page)
  const secret = again.getByLabel(t('account.password.label'), { exact: true })
  await secret.fill(otherPassword)
  await again.getByRole('button', { name: t('me.again.submit') }).click()
  await expect(again.getByRole('alert')).toBeVisible()
  await expect(drawer.getByLabel(t('admin_registry.column.name'))).toHaveValue(name)
  await secret.fill(account.password)
  await again.getByRole('button', { name: t('me.again.submit') }).click()
  await expect(again).toBeHidden()
  // What had met the end of the session is done without another click.
  await expect(page.getByText(t('admin_registry.add.done', { name }))).toBeVisible()
})

test('F-05 whoever does not sign in again leaves the page, and comes back to it', async ({ page, t }) => {
  const person = await register('public')
  await signInOnScreen(page, t, person.username, person.password)
  // What the page itself asks for must not meet the end of the session first.
  const asked = ['sessions', 'factors', 'security-events'].map((part) => page.waitForResponse((response) => response.url().includes(`/api/v1/me/${part}`)))
  await page.goto('/me/security')
  await Promise.all(asked)
  await page.request.delete('/api/v1/sessions/current')
  const passwords = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.security.password') }) })
  await passwords.getByLabel(t('account.password.current')).fill(person.password)
  await passwords.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  await passwords.getByRole('button', { name: t('me.security.change_password') }).click()
  await page.getByRole('dialog', { name: t('me.again.title') }).getByRole('button', { name: t('me.again.leave') }).click()
  await expect(page).toHaveURL(/\/login\?next=/)
  await page.getByLabel(t('account.login.login')).fill(person.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(person.password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page).toHaveURL(/\/me\/security/)
})

test('F-05 whoever is signed out by a new password reads why where they sign in', async ({ page, t }) => {
  const [person, province] = [await register('public'), await signIn('sichuan1', password)]
  await enter(page, person)
  const { account } = await person.api.ok<{ account: { id: string } }>(200, 'GET', '/api/v1/me')
  await province.ok(200, 'POST', `/api/v1/admin/accounts/${account.id}/password-reset`, { reason: '本人要求' })
  await page.goto('/me')
  await expect(page.getByRole('status').filter({ hasText: /20\d\d-\d\d-\d\d \d\d:\d\d/ })).toBeVisible()
  await expect(page.getByLabel(t('account.login.login'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.context().clearCookies()
  await page.reload()
  await expect(page.getByLabel(t('account.login.login'))).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: /20\d\d-/ })).toHaveCount(0)
})

test('F-05 whoever was signed out by a new password reads why over the page, and nobody after them', async ({ page, t }) => {
  const person = await register('public')
  await enter(page, person)
  const asked = ['sessions', 'factors', 'security-events'].map((part) => page.waitForResponse((response) => response.url().includes(`/api/v1/me/${part}`)))
  await page.goto('/me/security')
  await Promise.all(asked)
  await (await signIn(person.username, password)).ok(204, 'PUT', '/api/v1/me/password', { current_password: password, new_password: otherPassword })
  const passwords = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.security.password') }) })
  await passwords.getByLabel(t('account.password.current')).fill(otherPassword)
  await passwords.getByLabel(t('account.password.new'), { exact: true }).fill(password)
  await passwords.getByRole('button', { name: t('me.security.change_password') }).click()
  const again = page.locator('.sign-in-again')
  await expect(again).toContainText(/20\d\d-\d\d-\d\d \d\d:\d\d/)
  await again.getByLabel(t('account.password.label'), { exact: true }).fill(otherPassword)
  await again.getByRole('button', { name: t('me.again.submit') }).click()
  await expect(again).toBeHidden()
  await signOutOnScreen(page, t)
  await page.getByRole('banner').getByRole('link', { name: t('common.nav.sign_in') }).click()
  await expect(page.getByLabel(t('account.login.login'))).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: /20\d\d-/ })).toHaveCount(0)
})

test('F-05 an answer that was on its way while somebody signed out does not sign them in again on the page', async ({ page, t }) => {
  const person = await register('public')
  await enter(page, person)
  await page.goto('/me/security')
  const passwords = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.security.password') }) })
  await passwords.getByLabel(t('account.password.current')).fill(password)
  await passwords.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  let arrive = () => {}
  const left = new Promise<void>((resolve) => (arrive = resolve))
  await page.route('**/api/v1/me', async (route) => {
    const response = await route.fetch()
    await left
    await route.fulfill({ response })
  })
  const asked = page.waitForRequest('**/api/v1/me')
  await passwords.getByRole('button', { name: t('me.security.change_password') }).click()
  await asked
  await signOutOnScreen(page, t)
  const late = page.waitForResponse('**/api/v1/me')
  arrive()
  await (await late).finished()
  await page.getByRole('banner').getByRole('link', { name: t('common.nav.sign_in') }).click()
  await expect(page.getByLabel(t('account.login.login'))).toBeVisible()
  await expect(page.locator('header button[aria-haspopup]')).toHaveCount(0)
})
