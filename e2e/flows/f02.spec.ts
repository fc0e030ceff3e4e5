// F-02: "提示注册失败,或者点击没反应".
import { request } from '@playwright/test'
import { Api, codeFor } from '../support/api.ts'
import { newPhone, newUsername, password } from '../support/people.ts'
import { expect, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, fillAccount } from '../support/walk.ts'

test('F-02 a browser that is too old is told so before anything is typed', { tag: '@screen' }, async ({ page }) => {
  // What the page asks a browser for first: this one does not know it.
  await page.addInitScript(() => delete (HTMLScriptElement.prototype as { noModule?: boolean }).noModule)
  await page.goto('/register')
  const told = page.locator('#unsupported')
  await expect(told).toBeVisible()
  await expect(told).toContainText('请换一个较新的浏览器')
  await expect(told).toContainText('Please use a newer browser')
  await expect(page.getByRole('textbox')).toHaveCount(0)
  await expectNoOverflow(page)
})

test('F-02 two clicks make one account', async ({ page, t }) => {
  const username = newUsername()
  const made: string[] = []
  page.on('response', async (response) => {
    if (response.url().endsWith('/api/v1/accounts')) made.push(`${response.status()} ${(await response.json()).account?.id}`)
  })
  await fillAccount(page, t, 'public', username, password)
  await askAndTypeCode(page, t, newPhone())
  await page.getByRole('button', { name: t('account.registration.create') }).dblclick()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.locator('body')).toContainText(username)
  expect(new Set(made).size, made.join()).toBe(1)
  expect(made[0]).toMatch(/^201 \w/)
})

test('F-02 a lost connection keeps what was typed, and the retry makes one account', async ({ page, t, context }) => {
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
