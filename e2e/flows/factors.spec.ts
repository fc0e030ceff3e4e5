import { createHmac } from 'node:crypto'
import { Api, administrator, register, signIn, type Person } from '../support/api.ts'
import { otherPassword } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { signInOnScreen, signOutOnScreen } from '../support/walk.ts'
import type { Page } from '@playwright/test'

type Texts = (key: string, args?: Record<string, string | number>) => string

/**
 * What an authenticator app shows (RFC 6238), so many half minutes from now. No code works twice: the one that sets an app up
 * is of now and the next is one ahead, which a phone's clock may be, so that no test waits.
 */
function appCode(secret: string, ahead = 0): string {
  const bits = [...secret.replace(/\s/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + ahead))
  const mac = createHmac('sha1', key).update(step).digest()
  return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

/** Gives somebody an app by HTTP. */
async function enrol(person: Person): Promise<{ secret: string; recovery: string[] }> {
  const { confirmation } = await person.api.ok(201, 'POST', '/api/v1/me/factors/confirmations', { password: person.password })
  const { enrolment, secret } = await person.api.ok(201, 'POST', '/api/v1/me/factors/enrolments', { confirmation })
  const { recovery_codes } = await person.api.ok(201, 'POST', '/api/v1/me/factors/authenticator', { enrolment, code: appCode(secret) })
  return { secret, recovery: recovery_codes }
}

async function firstStep(page: Page, t: Texts, person: Person, password = person.password): Promise<void> {
  await page.goto('/login')
  await page.getByLabel(t('account.login.login')).fill(person.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page.getByRole('heading', { name: t('account.login.second_title') })).toBeVisible()
}

const signInButton = (page: Page, t: Texts) => page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true })

test('somebody sets up an authenticator app and signs in with it', async ({ page, t }) => {
  const person = await register('public')
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/me/security')
  await page.getByRole('button', { name: t('factors.app.set_up') }).click()
  const panel = page.getByRole('region', { name: t('factors.doing.app') })
  await panel.getByLabel(t('account.password.current')).fill(person.password)
  await panel.getByRole('button', { name: t('common.next') }).click()
  await expect(panel.getByRole('img', { name: t('factors.app.qr') })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  const secret = (await panel.locator('button.copy').innerText()).trim()
  const code = panel.getByLabel(t('factors.proof.authenticator_code'))
  await code.fill('000000')
  await panel.getByRole('button', { name: t('factors.app.finish') }).click()
  await expect(panel.locator('.error').filter({ hasText: /./ })).toBeVisible()
  await expect(code).toHaveValue('000000')
  await code.fill(appCode(secret))
  await panel.getByRole('button', { name: t('factors.app.finish') }).click()

  const codes = page.getByRole('list', { name: t('factors.recovery.title') }).getByRole('listitem')
  await expect(codes).toHaveCount(10)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('factors.recovery.kept') }).click()
  await expect(page.getByText(t('factors.recovery.left', { n: 10 }))).toBeVisible()
  await signOutOnScreen(page, t)

  await firstStep(page, t, person)
  await expectNoOverflow(page)
  await expectAccessible(page)
  const typed = page.getByLabel(t('factors.proof.authenticator_code'))
  await typed.fill('000000')
  await signInButton(page, t).click()
  await expect(page.locator('.error').filter({ hasText: /./ })).toBeVisible()
  await expect(typed).toHaveValue('000000')
  await typed.fill(appCode(secret, 1))
  await signInButton(page, t).click()
  await expect(page).toHaveURL(/\/space/)
})

test('a recovery code works once, in place of a phone that is lost', async ({ page, t }) => {
  const person = await register('public')
  const recovery = (await enrol(person)).recovery[0]!
  await firstStep(page, t, person)
  await page.getByText(t('factors.proof.recovery'), { exact: true }).click()
  await page.getByRole('textbox', { name: t('factors.proof.recovery_code') }).fill(recovery)
  await signInButton(page, t).click()
  await expect(page).toHaveURL(/\/space/)
  await page.goto('/me/security')
  await expect(page.getByText(t('factors.recovery.left', { n: 9 }))).toBeVisible()
  await signOutOnScreen(page, t)

  await firstStep(page, t, person)
  await page.getByRole('button', { name: t('factors.second.lost') }).click()
  await page.getByRole('button', { name: t('factors.second.use_recovery') }).click()
  await expectNoOverflow(page)
  await page.getByRole('textbox', { name: t('factors.proof.recovery_code') }).fill(recovery)
  await signInButton(page, t).click()
  await expect(page.locator('.error').filter({ hasText: /./ })).toBeVisible()
  await expect(page.getByRole('textbox', { name: t('factors.proof.recovery_code') })).toHaveValue(recovery)
})

test('an app is removed again by the password and a factor', async ({ page, t }) => {
  const person = await register('public')
  const { secret, recovery } = await enrol(person)
  await firstStep(page, t, person)
  await page.getByLabel(t('factors.proof.authenticator_code')).fill(appCode(secret, 1))
  await signInButton(page, t).click()
  await expect(page).toHaveURL(/\/space/)
  await page.goto('/me/security')
  await page.getByRole('button', { name: t('factors.remove'), exact: true }).click()
  const panel = page.getByRole('region', { name: t('factors.doing.remove_app') })
  await panel.getByLabel(t('account.password.current')).fill(person.password)
  await panel.getByText(t('factors.proof.recovery'), { exact: true }).click()
  await panel.getByRole('textbox', { name: t('factors.proof.recovery_code') }).fill(recovery[0]!)
  await panel.getByRole('button', { name: t('factors.remove') }).click()
  await expect(page.getByText(t('factors.removed'))).toBeVisible()
  await signIn(person.username, person.password)
})

test.describe('where passkeys work', () => {
  test.use({ baseURL: `http://localhost:${process.env.CAOTANG_E2E_PORT}` })

  test('a passkey is made, signs in, and is removed', async ({ page, t, context }) => {
    const devtools = await context.newCDPSession(page)
    await devtools.send('WebAuthn.enable')
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
    })
    const person = await register('public')
    await signInOnScreen(page, t, person.username, person.password)
    await page.goto('/me/security')
    await page.getByRole('button', { name: t('factors.passkey.add') }).click()
    const panel = page.getByRole('region', { name: t('factors.doing.passkey') })
    await panel.getByLabel(t('account.password.current')).fill(person.password)
    await panel.getByRole('button', { name: t('common.next') }).click()
    await panel.getByLabel(t('factors.passkey.name')).fill('书房的电脑')
    await panel.getByRole('button', { name: t('factors.passkey.make') }).click()
    await page.getByRole('button', { name: t('factors.recovery.kept') }).click()
    await expect(page.getByRole('button', { name: t('factors.passkey.remove', { name: '书房的电脑' }) })).toBeVisible()
    await expectNoOverflow(page)
    await expectAccessible(page)
    await signOutOnScreen(page, t)

    await firstStep(page, t, person)
    await page.getByRole('button', { name: t('factors.proof.use_passkey') }).click()
    await expect(page).toHaveURL(/\/space/)
    await page.goto('/me/security')
    await page.getByRole('button', { name: t('factors.passkey.remove', { name: '书房的电脑' }) }).click()
    const removal = page.getByRole('region', { name: t('factors.doing.remove_passkey', { name: '书房的电脑' }) })
    await removal.getByLabel(t('account.password.current')).fill(person.password)
    await removal.getByRole('button', { name: t('factors.remove') }).click()
    await expect(page.getByText(t('factors.removed'))).toBeVisible()
    await signIn(person.username, person.password)
  })
})

test('a password is reset by the app where no SMS arrives', async ({ page, t }) => {
  const person = await register('public')
  const { secret } = await enrol(person)
  await page.goto('/reset-password')
  await page.getByLabel(t('account.username.label')).fill(person.username)
  await page.getByRole('button', { name: t('reset.by_factor') }).click()
  await expect(page.getByLabel(t('account.username.label'))).toHaveValue(person.username)
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  await page.getByLabel(t('factors.proof.authenticator_code')).fill('000000')
  await page.getByRole('button', { name: t('reset.submit') }).click()
  await expect(page.locator('.error').filter({ hasText: /./ })).toBeVisible()
  await expect(page.getByLabel(t('account.password.new'), { exact: true })).toHaveValue(otherPassword)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByLabel(t('factors.proof.authenticator_code')).fill(appCode(secret, 1))
  await page.getByRole('button', { name: t('reset.submit') }).click()
  await expect(page.getByText(t('reset.done_title'))).toBeVisible()
  await firstStep(page, t, person, otherPassword)
})

test('an administrator turns off the second step of somebody who lost the phone', async ({ page, t }) => {
  const person = await register('public')
  await enrol(person)
  const above = await administrator('province')
  await signInOnScreen(page, t, above.username, above.password)
  await page.goto('/admin/accounts')
  await page.getByLabel(t('admin_accounts.search')).fill(person.username)
  await page.getByText(t('admin_accounts.by.username'), { exact: true }).click()
  await page.getByRole('search').getByRole('button', { name: t('admin_accounts.find') }).click()
  await page.getByRole('button', { name: t('admin_accounts.factors.button') }).click()
  await page.getByText(t('admin_accounts.factors.reason_lost')).click()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('dialog').getByRole('button', { name: t('admin_accounts.factors.confirm') }).click()
  await expect(page.getByText(t('admin_accounts.factors.done'))).toBeVisible()
  await expect(page.getByRole('button', { name: t('admin_accounts.factors.button') })).toHaveCount(0)
  const anyone = await Api.open()
  await anyone.ok(201, 'POST', '/api/v1/sessions', { login: person.username, password: person.password })
})
