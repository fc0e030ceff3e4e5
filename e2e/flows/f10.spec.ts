// F-10: "如何登录", "输入登陆账号或密码报错(注意区分大小写)".
import { register } from '../support/api.ts'
import { newUsername, otherPassword, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test('F-10 somebody signs in by username and by phone, and out again', async ({ page, t }) => {
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

test('F-10 a wrong sign-in keeps the name and says the same whichever half was wrong', async ({ page, t }) => {
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

test('F-10 case counts, and failures slow down without locking anybody out', async ({ page, t }) => {
  test.slow()
  const person = await register('public')
  await page.goto('/login')
  const fill = async (login: string, secret: string) => {
    await page.getByLabel(t('account.login.login')).fill(login)
    await page.getByLabel(t('account.password.label'), { exact: true }).fill(secret)
    // Between, the page may have to calculate by itself: that is no answer yet.
    const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/sessions') && response.status() !== 403, { timeout: 30_000 })
    await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
    return (await answered).status()
  }
  expect(await fill(person.username.toUpperCase(), person.password)).toBe(401)
  await expect(page.getByRole('alert').getByRole('button').or(page.getByRole('link', { name: t('account.login.forgot') })).first()).toBeVisible()
  let status = 401
  for (let i = 0; i < 6 && status === 401; i++) status = await fill(person.username, otherPassword)
  expect(status).toBe(429)
  // The wait is named, and counts down.
  await expect(page.getByRole('alert')).toContainText(/\d/)
  await expect(page.getByRole('link', { name: t('account.login.forgot') })).toBeVisible()
  await expectNoOverflow(page)
})
