import { Api, register } from '../support/api.ts'
import { otherPassword } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { signInOnScreen } from '../support/walk.ts'

/** So many failures of one account the server of these tests takes for suspicious. */
const suspicious = 3

test('after many failures the page does the calculation itself, and its owner gets in', async ({ page, t }) => {
  const person = await register('public')
  const stranger = await Api.open()
  for (let i = 0; i < suspicious; i++) {
    await stranger.refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: person.username, password: otherPassword })
  }
  const asked = await stranger.refused(403, 'captcha_required', 'POST', '/api/v1/sessions', { login: person.username, password: person.password })
  expect(asked.next_step?.action).toBe('solve_captcha')

  const answers: number[] = []
  page.on('response', (response) => {
    if (response.url().endsWith('/api/v1/sessions')) answers.push(response.status())
  })
  await signInOnScreen(page, t, person.username, person.password)
  await expect(page).toHaveURL(/\/space/)
  await expect(page.locator('body')).toContainText(person.username)
  expect(answers).toEqual([403, 201])
})

test('whoever stops the calculation loses nothing, and may go on', async ({ page, t, context }) => {
  const person = await register('public')
  const stranger = await Api.open()
  for (let i = 0; i < suspicious; i++) {
    await stranger.refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: person.username, password: otherPassword })
  }
  // A challenge without an end, so that it can be looked at on the fastest computer.
  await context.route('**/api/v1/sessions', async (route) => {
    const response = await route.fetch()
    const problem = await response.json()
    if (problem.captcha) Object.assign(problem.captcha, { target: '0'.repeat(64), max_number: 999_999_999 })
    await route.fulfill({ response, json: problem })
  }, { times: 1 })
  await page.goto('/login')
  await page.getByLabel(t('account.login.login')).fill(person.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(person.password)
  const submit = page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true })
  await submit.click()
  await expect(page.getByRole('status').filter({ hasText: t('common.captcha.title') })).toBeVisible()
  await expect(page.getByRole('progressbar', { name: t('common.captcha.title') })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  const stop = page.getByRole('button', { name: t('common.cancel') })
  await stop.focus()
  await page.keyboard.press('Enter')

  const alert = page.getByRole('alert')
  await expect(alert).toContainText('captcha_required')
  await expect(page.getByLabel(t('account.login.login'))).toHaveValue(person.username)
  await expect(page.getByLabel(t('account.password.label'), { exact: true })).toHaveValue(person.password)
  await alert.getByRole('button', { name: t('common.retry') }).click()
  await expect(page).toHaveURL(/\/space/)
})
