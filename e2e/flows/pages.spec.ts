import { administrator, Api, type DemoAccount } from '../support/api.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

const forAnyone = ['/', '/login', '/register', '/reset-password', '/recover', '/demo', '/no-such-page']
const forMembers = ['/verify', '/space', '/apps', '/me', '/me/security', '/me/transfers', '/me/tickets', '/me/data', '/me/close', '/me/closing']
const forAdministrators = ['/admin', '/admin/registry', '/admin/registry/import', '/admin/classes', '/admin/school-year', '/admin/accounts', '/admin/tickets', '/admin/transfers', '/admin/moves', '/admin/recoveries', '/admin/statistics', '/admin/looks', '/admin/audit']

async function look(page: import('@playwright/test').Page, paths: string[]): Promise<void> {
  for (const path of paths) {
    await test.step(path, async () => {
      await page.goto(path)
      await page.waitForLoadState('networkidle')
      await expect(page.getByRole('heading').first()).toBeAttached()
      expect(await page.title()).not.toMatch(/\w+\.\w+\.\w+/)
      await expectNoOverflow(page)
      await expectAccessible(page)
    })
  }
}

test('every open page fits its screen and can be read by everybody', { tag: '@screen' }, async ({ page }) => {
  await look(page, forAnyone)
})

test("every page of a member's own fits its screen and can be read by everybody", { tag: '@screen' }, async ({ page }) => {
  const accounts = await (await Api.open()).ok<DemoAccount[]>(200, 'GET', '/demo/accounts')
  await enter(page, accounts.find((account) => account.role === 'student')!)
  await look(page, forMembers)
})

test('every page of the administration fits its screen and can be read by everybody', { tag: '@screen' }, async ({ page }) => {
  await enter(page, await administrator('school'))
  await look(page, forAdministrators)
})

test('what only administrators of more than a school see fits its screen, too', { tag: '@screen' }, async ({ page }) => {
  await enter(page, await administrator('county'))
  await look(page, ['/admin/schools', '/admin/administrators', '/admin/registry'])
  await enter(page, await administrator('province'))
  await look(page, ['/admin/sms'])
})

test('the administration is closed to those without rights', { tag: '@screen' }, async ({ page, t }) => {
  const accounts = await (await Api.open()).ok<DemoAccount[]>(200, 'GET', '/demo/accounts')
  await enter(page, accounts.find((account) => account.role === 'student')!)
  await page.goto('/admin/registry')
  await expect(page.getByText(t('common.no_permission.title')).first()).toBeVisible()
})

test('the language is switched on the page and kept', { tag: '@screen' }, async ({ page, t, language }) => {
  await page.goto('/login')
  await page.getByRole('banner').getByRole('button', { name: language === 'en' ? '中文' : 'English' }).click()
  await expect(page.getByRole('main').getByRole('heading', { level: 1 })).not.toHaveText(t('account.login.title'))
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('lang', language === 'en' ? 'zh-CN' : 'en')
})
