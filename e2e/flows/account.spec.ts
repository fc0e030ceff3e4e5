import { request } from '@playwright/test'
import { administrator, Api, codeFor, register, takeEntry } from '../support/api.ts'
import { newName, newPhone, newResidentID, newUsername, otherPassword, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, fillIdentity, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test('somebody signs in by username and by phone, and out again', async ({ page, t }) => {
  const person = await register('public')
  for (const login of [person.username, person.phone]) {
    await signInOnScreen(page, t, login, person.password)
    await expect(page).toHaveURL(/\/space/)
    await signOutOnScreen(page, t)
  }
  // The browser's way back shows nothing of the space any more.
  await page.goto('/space')
  await expect(page).toHaveURL(/\/login/)
})

test('a wrong sign-in keeps the name and says the same whichever half was wrong', async ({ page, t }) => {
  const person = await register('public')
  await page.goto('/login')
  const say = async (login: string, secret: string) => {
    await page.getByLabel(t('account.login.login')).fill(login)
    await page.getByLabel(t('account.password.label'), { exact: true }).fill(secret)
    const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/sessions'))
    await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
    await answered
    await expect(page.getByLabel(t('account.login.login'))).toHaveValue(login)
    return await page.getByRole('alert').locator('p').first().innerText()
  }
  const absent = await say(newUsername(), password)
  expect(await say(person.username, otherPassword)).toBe(absent)
  await expectNoOverflow(page)
  await expectAccessible(page)
})

test('a forgotten password is reset, and the new one signs in', async ({ page, t }) => {
  const person = await register('public')
  await page.goto('/login')
  await page.getByRole('link', { name: t('account.login.forgot') }).click()
  await expect(page.getByRole('heading', { name: t('account.reset.title') })).toBeVisible()
  await page.getByLabel(t('account.username.label')).fill(person.username)
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  await askAndTypeCode(page, t, person.phone)
  await page.getByRole('button', { name: t('account.reset.submit') }).click()
  await expect(page.getByText(t('account.reset.done_title'))).toBeVisible()
  await expectNoOverflow(page)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in') }).click()
  await expect(page.getByLabel(t('account.login.login'))).toHaveValue(person.username)
  await signInOnScreen(page, t, person.phone, otherPassword)
  await expect(page).toHaveURL(/\/space/)
})

test('a reset that reaches no phone claims no message, and leads on to the school', async ({ page, t }) => {
  await page.goto('/reset-password')
  await page.getByLabel(t('account.username.label')).fill(newUsername())
  await page.getByLabel(t('account.phone.label'), { exact: true }).fill(newPhone())
  await page.getByRole('button', { name: t('account.code.get') }).click()
  const news = page.getByRole('status')
  await expect(news).toContainText(t('account.message.withheld'))
  await expect(news).not.toContainText(t('account.message.sent'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await expect(page.getByRole('link', { name: t('account.reset.lost') })).toHaveAttribute('href', '/recover')
  await page.getByRole('link', { name: t('account.reset.by_school') }).click()
  await expect(page.getByRole('heading', { name: t('recovery.title') })).toBeVisible()
})

test('the sign-in page says where a one-time code and a slip belong', { tag: '@screen' }, async ({ page, t }) => {
  await page.goto('/login')
  await expect(page.getByText(t('account.login.one_time_code'))).toBeVisible()
  await page.getByRole('link', { name: t('account.slip.have') }).click()
  await expect(page).toHaveURL(/\/activate/)
})

test('password and phone change; a wrong password keeps what was typed', async ({ page, t }) => {
  const person = await register('public')
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/me/security')
  const passwords = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.security.password') }) })
  await passwords.getByLabel(t('account.password.current')).fill('Wrong12345')
  await passwords.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  const change = passwords.getByRole('button', { name: t('me.security.change_password') })
  await change.click()
  await expect(passwords.getByLabel(t('account.password.current'))).toHaveAttribute('aria-describedby', /./)
  await expect(passwords.locator('.error').filter({ hasText: /./ }).or(passwords.getByRole('alert')).first()).toBeVisible()
  await expect(passwords.getByLabel(t('account.password.new'), { exact: true })).toHaveValue(otherPassword)
  await passwords.getByLabel(t('account.password.current')).fill(person.password)
  await change.click()
  await expect(passwords.getByText(t('me.security.password_saved'))).toBeVisible()

  const phone = newPhone()
  const phones = page.locator('form').filter({ has: page.getByRole('heading', { name: t('me.security.phone') }) })
  await phones.getByLabel(t('account.password.current')).fill(otherPassword)
  await askAndTypeCode(page, t, phone, 'account.phone.new')
  await phones.getByRole('button', { name: t('me.security.change_phone') }).click()
  await expect(phones.getByText(t('me.security.phone_saved'))).toBeVisible()
  await expect(phones).toContainText(`${phone.slice(0, 3)}****${phone.slice(7)}`)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await signOutOnScreen(page, t)
  await signInOnScreen(page, t, phone, otherPassword)
})

test('a teacher unbinds and verifies again', async ({ page, t }) => {
  const person = await register('teacher')
  const entry = await takeEntry('teacher')
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'teacher', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  await signInOnScreen(page, t, person.username, person.password)
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
})

test('each way to fail verification has its own words and its way out as a button', async ({ page, t }) => {
  const person = await register('student')
  const entry = await takeEntry('student')
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/verify')
  const number = page.getByLabel(t('verify.number.own'), { exact: true })
  const name = page.getByLabel(t('verify.name.own'), { exact: true })
  const submit = page.getByRole('button', { name: t('verify.submit') })

  // What can be known without the registry is said while one types.
  await page.getByText(t('account.registration.role.student'), { exact: true }).click()
  await number.fill(entry.id_number.slice(0, 17) + (entry.id_number.endsWith('1') ? '2' : '1'))
  await expect(page.getByText(t('verify.number.check_digit'))).toBeVisible()
  await number.fill(entry.name)
  await name.fill(entry.id_number)
  await expect(page.getByText(t('verify.swapped'), { exact: true })).toBeVisible()
  await page.getByRole('button', { name: t('verify.swap') }).click()
  await expect(number).toHaveValue(entry.id_number)
  await expect(name).toHaveValue(entry.name)

  // A pair that the registry does not hold leads to a request to the school.
  await number.fill(newResidentID())
  await name.fill(newName())
  await submit.click()
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(t('verify.no_match_tips'))
  await alert.getByRole('button').first().click()
  await expect(page.getByRole('heading', { name: t('request.missing_entry.title') })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  // An identity that somebody else holds leads to a check by the school.
  const holder = await register('student')
  await holder.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  await number.fill(entry.id_number)
  await name.fill(entry.name)
  await submit.click()
  await expect(alert).toContainText(`${holder.phone.slice(0, 3)}****${holder.phone.slice(7)}`)
  await alert.getByRole('button').first().click()
  await expect(page.getByRole('heading', { name: t('request.not_me.title') })).toBeVisible()
  await page.getByRole('button', { name: t('request.send') }).click()
  await expect(page.getByText(t('request.filed_title'))).toBeVisible()
  await page.getByRole('button', { name: t('request.see') }).click()
  await expect(page.getByRole('main')).toContainText(t('request.kind.not_me'))
  await expect(page.getByRole('main')).toContainText(entry.school.name)

  // Or it is their own account of before, and they sign in with that.
  await page.goto('/verify')
  await page.getByText(t('account.registration.role.student'), { exact: true }).click()
  await number.fill(entry.id_number)
  await name.fill(entry.name)
  await submit.click()
  await alert.getByRole('button', { name: t('verify.holder_sign_in') }).click()
  await expect(page).toHaveURL(/\/login$/)
  await expect(page.getByRole('main')).toContainText(`${holder.phone.slice(0, 3)}****${holder.phone.slice(7)}`)
  await page.getByLabel(t('account.login.login')).fill(holder.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(holder.password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(entry.name)
})

test('an administrator shows somebody their whole username, and the look is on record', async ({ page, t }) => {
  const person = await register('public')
  const above = await administrator('province')
  await signInOnScreen(page, t, above.username, above.password)
  await page.goto('/admin/accounts')
  await page.getByLabel(t('admin_accounts.search')).fill(person.phone)
  await page.getByRole('button', { name: t('admin_accounts.find') }).click()
  const list = page.getByRole('list', { name: t('admin_accounts.found') })
  await expect(list).not.toContainText(person.username)
  await list.getByRole('button', { name: t('admin_accounts.reveal.button') }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: t('admin_accounts.reveal.reason_forgot') }).click()
  await dialog.getByRole('button', { name: t('admin_accounts.reveal.confirm'), exact: true }).click()
  await expect(list).toContainText(person.username)
  await expectNoOverflow(page)
  await page.goto('/admin/audit')
  await expect(page.getByRole('main')).toContainText(t('admin_audit.action.account.reveal_username'))
})

test('a lost connection keeps what was typed, and the retry makes one account', async ({ page, t, context }) => {
  const phone = newPhone()
  const username = newUsername()
  await page.goto('/register')
  await page.getByText(t('account.registration.role_hint.public')).click()
  await page.getByLabel(t('account.username.label')).fill(username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(password)
  await page.getByRole('button', { name: t('common.next'), exact: true }).click()
  await askAndTypeCode(page, t, phone)

  // The server takes the request, and its whole answer is lost on the way: another client sends it for the page.
  await context.route(
    '**/api/v1/accounts',
    async (route) => {
      const courier = await request.newContext()
      const sent = route.request()
      await courier.fetch(sent.url(), { method: 'POST', headers: sent.headers(), data: sent.postDataBuffer() ?? undefined })
      await route.abort('connectionreset')
    },
    { times: 1 },
  )
  await page.getByRole('button', { name: t('account.registration.create') }).click()
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(t('common.trouble.network_title'))
  await expect(page.getByLabel(t('account.phone.label'), { exact: true })).toHaveValue(phone)
  await alert.getByRole('button', { name: t('common.retry') }).click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.locator('body')).toContainText(username)
  const messages = await (await Api.open()).ok<unknown[]>(200, 'GET', `/demo/outbox?phone=${phone}`)
  expect(messages).toHaveLength(1)
  expect(await codeFor(phone)).toMatch(/^\d{6}$/)
})
