import type { Page } from '@playwright/test'
import { administrator, Api, register, sendCode, type Person } from '../support/api.ts'
import { newPhone, otherPassword } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, signInOnScreen } from '../support/walk.ts'

/** When the browser forgets the session: -1 with its own end. */
async function cookieEnds(page: Page): Promise<number> {
  return (await page.context().cookies()).find((cookie) => cookie.name === 'caotang_session')!.expires
}

/** The texts that the demo sent to a phone, the newest first. */
async function texts(phone: string): Promise<string[]> {
  const sent = await (await Api.open()).ok<{ text: string }[]>(200, 'GET', `/demo/outbox?phone=${phone}`)
  return sent.map(({ text }) => text)
}

/** Somebody with the password changes the phone; what the owner's phone was told holds the link that is the answer. */
async function steal(person: Person): Promise<{ phone: string; token: string }> {
  const phone = newPhone()
  const sms_code = await sendCode(person.api, phone, 'change_phone')
  await person.api.ok(200, 'PUT', '/api/v1/me/phone', { password: person.password, phone, sms_code })
  const link = () => texts(person.phone).then((all) => all.map((text) => /\/n#([\w-]+)/.exec(text)?.[1]).find(Boolean))
  await expect.poll(link, { timeout: 20_000 }).toBeTruthy()
  return { phone, token: (await link())! }
}

test('an untrusted computer is forgotten, and a sign-in elsewhere is seen and ended', async ({ page, t }) => {
  const person = await register('public')
  await page.goto('/login')
  await expect(page.getByLabel(t('account.login.trust'))).not.toBeChecked()
  await signInOnScreen(page, t, person.username, person.password)
  await expect(page).toHaveURL(/\/space/)
  expect(await cookieEnds(page)).toBe(-1)

  await page.goto('/me/security')
  const sessions = page.getByRole('list', { name: t('devices.title') }).getByRole('listitem')
  await expect(sessions).toHaveCount(2)
  await expect(sessions.filter({ hasText: t('devices.current') })).toContainText('Chrome')
  const other = sessions.filter({ hasNotText: t('devices.current') })
  await expectNoOverflow(page)
  await expectAccessible(page)
  await other.getByRole('button').click()
  await expect(sessions).toHaveCount(1)
  await person.api.refused(401, 'unauthenticated', 'GET', '/api/v1/me')

  // All others at once, and this one stays.
  const again = await (await Api.open()).ok<{ token: string }>(201, 'POST', '/api/v1/sessions', { login: person.username, password: person.password })
  await page.reload()
  await expect(sessions).toHaveCount(2)
  await page.getByRole('button', { name: t('devices.end_others') }).click()
  await expect(page.getByRole('status').filter({ hasText: t('devices.ended', { n: 1 }) })).toBeVisible()
  await expect(sessions).toHaveCount(1)
  await (await Api.open(again.token)).refused(401, 'unauthenticated', 'GET', '/api/v1/me')
})

test('a trusted computer stays signed in', async ({ page, t }) => {
  const person = await register('public')
  await page.goto('/login')
  await page.getByLabel(t('account.login.login')).fill(person.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(person.password)
  await page.getByLabel(t('account.login.trust')).check()
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page).toHaveURL(/\/space/)
  expect(await cookieEnds(page)).toBeGreaterThan(Date.now() / 1000 + 24 * 3600)
})

test('"this was not me" freezes a stolen account, and the phone of before takes it back', async ({ page, t }) => {
  const person = await register('public')
  const thief = await steal(person)
  await page.goto(`/demo?phone=${person.phone}`)
  await page.getByRole('link', { name: /\/n#/ }).first().click()
  await expect(page.getByRole('heading', { name: t('notice.title') })).toBeVisible()
  await expect(page.getByRole('main')).toContainText(`${thief.phone.slice(0, 3)}****${thief.phone.slice(7)}`)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('notice.freeze') }).click()
  await expect(page.getByRole('heading', { name: t('notice.frozen.title') })).toBeVisible()
  await expect(page.getByRole('main')).toContainText(`${person.phone.slice(0, 3)}****${person.phone.slice(7)}`)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await person.api.refused(401, 'unauthenticated', 'GET', '/api/v1/me')

  // Nobody gets in, and the refusal leads to the way back.
  await page.goto('/login')
  await page.getByLabel(t('account.login.login')).fill(person.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(person.password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  const alert = page.getByRole('alert')
  await expect(alert).toContainText('account_frozen')
  await alert.getByRole('button').first().click()
  await expect(page).toHaveURL(/\/reset-password/)
  await page.getByLabel(t('account.username.label')).fill(person.username)
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  await askAndTypeCode(page, t, person.phone)
  await page.getByRole('button', { name: t('reset.submit') }).click()
  await expect(page.getByText(t('reset.done_title'))).toBeVisible()
  await signInOnScreen(page, t, person.phone, otherPassword)
  await expect(page).toHaveURL(/\/space/)
  await page.goto('/me/security')
  const events = page.getByRole('list', { name: t('devices.events') })
  await expect(events).toContainText(t('devices.event.taken_back'))
  await expect(events).toContainText(t('devices.event.frozen'))
  await expectNoOverflow(page)
  await page.goto('/me/tickets')
  await expect(page.getByRole('main')).toContainText(t('request.kind.frozen'))

  // The link has done its work.
  await page.goto(`/n#${thief.token}`)
  await expect(page.getByRole('heading', { name: t('notice.free.title') })).toBeVisible()
})

test('an administrator who has made sure gives a frozen account back', async ({ page, t }) => {
  const person = await register('public')
  const { token } = await steal(person)
  await (await Api.open()).ok(200, 'POST', '/api/v1/notice-links/freeze', { token })
  const admin = await administrator('province')
  const { token: key } = await (await Api.open()).ok<{ token: string }>(201, 'POST', '/api/v1/sessions', { login: admin.username, password: admin.password })
  const masked = `${person.username.slice(0, 2)}${'*'.repeat(person.username.length - 4)}${person.username.slice(-2)}`
  const open = await (await Api.open(key)).ok<{ items: { id: string; kind: string; account: { masked_username: string } }[] }>(200, 'GET', '/api/v1/admin/tickets?state=open&limit=200')
  const ticket = open.items.find((one) => one.kind === 'frozen' && one.account.masked_username === masked)!

  await signInOnScreen(page, t, admin.username, admin.password)
  await page.goto('/admin/accounts?frozen=1')
  await expect(page.getByRole('list', { name: t('admin_accounts.found') }).getByRole('button', { name: t('admin_accounts.unfreeze.button') }).first()).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.goto(`/admin/tickets?ticket=${ticket.id}`)
  await page.getByRole('button', { name: t('admin_accounts.unfreeze.button') }).click()
  await page.getByRole('button', { name: t('admin_accounts.unfreeze.reason_came') }).click()
  await expect(page.getByRole('radio', { name: new RegExp(`${person.phone.slice(0, 3)}\\*{4}${person.phone.slice(7)}`) })).toBeChecked()
  await expectNoOverflow(page)
  await page.getByRole('button', { name: t('admin_accounts.unfreeze.confirm') }).click()
  const code = await page.getByLabel(t('admin_accounts.reset.code'), { exact: true }).inputValue()
  await page.getByRole('button', { name: t('admin_accounts.reset.close') }).click()
  await expect(page.getByText(t('admin_tickets.completed'))).toBeVisible()
  const back = await (await Api.open()).ok<{ must: string[] }>(201, 'POST', '/api/v1/sessions', { login: person.phone, password: code })
  expect(back.must).toEqual(['replace_password'])
})

test('a link that has ended says so, with the way on', { tag: '@screen' }, async ({ page, t }) => {
  await page.goto('/n#nobodys')
  await expect(page.getByRole('alert').getByRole('button')).toBeVisible()
  await expectNoOverflow(page)
  await page.getByRole('alert').getByRole('button').click()
  await expect(page).toHaveURL(/\/login/)
  await expect(page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true })).toBeVisible()
})
