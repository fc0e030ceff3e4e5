import { Api, register, sendCode, takeEntry } from '../support/api.ts'
import { demoWith } from '../support/owndemo.ts'
import { expect, expectNoOverflow } from '../support/test.ts'
import { askAndTypeCode, enter } from '../support/walk.ts'

// On the server that all flows share it would take days.
const test = demoWith('closing', { 'closing-wait': '2s' })

test('an account is closed to the end: nobody signs in to it, and name, phone and registry entry are free again', async ({ page, t }) => {
  test.slow() // two people, and the wait between them
  const anyone = await Api.open()
  const person = await register('student')
  const entry = await takeEntry('student')
  const claim = { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name }
  await person.api.ok(201, 'POST', '/api/v1/me/binding', claim)

  await enter(page, person)
  await page.goto('/me/close')
  await page.getByLabel(t('account.password.current')).fill(person.password)
  await askAndTypeCode(page, t, person.phone)
  await page.getByRole('button', { name: t('own.close.submit') }).click()
  await expect(page).toHaveURL(/\/me\/closing/)

  const signIn = (login: string) => anyone.send('POST', '/api/v1/sessions', { login, password: person.password })
  await expect.poll(async () => (await signIn(person.username)).status(), { timeout: 30_000 }).toBe(401)
  await expect.poll(async () => (await signIn(person.phone)).status()).toBe(401)
  await person.api.refused(401, 'unauthenticated', 'GET', '/api/v1/me')

  // The page that was open is of no account any more, and whoever tries to sign in is told that name and password do not fit.
  await page.goto('/space')
  await expect(page).toHaveURL(/\/login/)
  await page.getByLabel(t('account.login.login')).fill(person.username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(person.password)
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in'), exact: true }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await expectNoOverflow(page)

  const { username, phone, password } = person
  const sms_code = await sendCode(anyone, phone, 'register')
  const { token } = await anyone.ok<{ token: string }>(201, 'POST', '/api/v1/accounts', { username, password, phone, sms_code, role: 'student' })
  const successor = await Api.open(token)
  await successor.ok(201, 'POST', '/api/v1/me/binding', claim)
  const data = await successor.ok<{ people: { name: string }[]; sessions: unknown[] }>(200, 'GET', '/api/v1/me/data')
  expect(data.people.map((one) => one.name)).toEqual([entry.name])
  expect(data.sessions).toHaveLength(1) // nothing of the account before
})
