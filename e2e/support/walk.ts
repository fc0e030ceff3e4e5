// Steps that several flows take on the screen, as a person would.
import { expect, type Locator, type Page } from '@playwright/test'
import { codeFrom, type DemoAccount, type Entry } from './api.ts'

type Texts = (key: string, args?: Record<string, string | number>) => string

/** Signs the browser in without the screen, for a flow that is not about signing in. */
export async function enter(page: Page, account: Pick<DemoAccount, 'username' | 'password'>): Promise<void> {
  const answer = await page.request.post('/api/v1/sessions', { data: { login: account.username, password: account.password } })
  expect(answer.status(), await answer.text()).toBe(201)
}

/** The number of a request as whoever asked reads it out on the telephone. */
export const said = (id: string): string => id.slice(0, 12).toUpperCase().replace(/(.{4})(.{4})/, '$1-$2-')

export async function signInOnScreen(page: Page, t: Texts, login: string, password: string): Promise<void> {
  await page.goto('/login')
  await page.getByLabel(t('account.login.login')).fill(login)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page).not.toHaveURL(/\/login/)
}

export async function signOutOnScreen(page: Page, t: Texts): Promise<void> {
  await page.locator('header button[aria-haspopup]').click()
  await page.getByRole('banner').getByRole('button', { name: t('common.nav.sign_out') }).click()
  await expect(page.getByRole('banner').getByRole('link', { name: t('common.nav.sign_in') })).toBeVisible()
}

/** Fills the account's part of the registration and goes on to the phone. */
export async function fillAccount(page: Page, t: Texts, role: string, username: string, password: string): Promise<void> {
  await page.goto('/register')
  await page.getByText(t(`account.registration.role_hint.${role}`)).click()
  await page.getByLabel(t('account.username.label')).fill(username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(password)
  await page.getByRole('button', { name: t('common.next'), exact: true }).click()
}

/** Asks for a code on the screen, again while an earlier one's cooldown lasts, and types the one that the demo's outbox shows. */
export async function askAndTypeCode(page: Page, t: Texts, phone: string, label = 'account.phone.label', within: Page | Locator = page): Promise<string> {
  await within.getByLabel(t(label), { exact: true }).fill(phone)
  const code = await codeFrom(async () => {
    await expect(async () => {
      const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/sms-codes'), { timeout: 10_000 })
      const [response] = await Promise.all([answered, within.getByRole('button', { name: t('account.code.get') }).click({ timeout: 5_000 })])
      expect(response.status()).toBe(202)
    }).toPass({ timeout: 30_000 })
  }, phone)
  await within.getByLabel(t('account.code.label')).fill(code)
  return code
}

export async function fillIdentity(page: Page, t: Texts, entry: Pick<Entry, 'kind' | 'id_number' | 'name'>): Promise<void> {
  await page.getByText(t(`account.registration.role.${entry.kind}`), { exact: true }).click()
  await page.getByLabel(t('verify.number.own'), { exact: true }).fill(entry.id_number)
  await page.getByLabel(t('verify.name.own'), { exact: true }).fill(entry.name)
}

/** Finds a school by its name, which its place may follow, and takes it. */
export async function chooseSchool(page: Page, label: string, name: string, within: Page | Locator = page): Promise<void> {
  const box = within.getByRole('combobox', { name: label, exact: true })
  await box.click()
  await box.fill(name)
  await page.getByRole('option').filter({ hasText: new RegExp(`^\\s*${name}( · |\\s*$)`) }).click()
}
