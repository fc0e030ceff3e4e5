import { expect, test } from '@playwright/test'
import { administrator, Api, codeFor, problem, register, sendCode, signIn } from '../support/api.ts'
import { newPhone, newUsername, otherPassword, password } from '../support/people.ts'

test('the retired client is told where to go, whatever it calls', async () => {
  const anyone = await Api.open()
  await anyone.refused(410, 'client_retired', 'GET', '/lbox/login.do')
  await problem(await anyone.send('GET', '/api/v1/settings', undefined, { 'User-Agent': 'L-Box/2.1' }), 410, 'client_retired')
})

test('a username names the part of the rule that it breaks', async () => {
  const anyone = await Api.open()
  const phone = newPhone()
  const sms_code = await sendCode(anyone, phone, 'register')
  for (const username of ['abcde', 'a'.repeat(17), 'ab cd12', '用户名字甲乙丙', 'ＡＢＣ１２３４', 'user_name']) {
    const refusal = await anyone.refused(422, 'username_invalid', 'POST', '/api/v1/accounts', { username, password, phone, sms_code, role: 'public' })
    expect(refusal.fields?.map((f) => f.field), username).toContain('username')
  }
  // Refusals cost nothing: the same code still registers.
  await anyone.ok(201, 'POST', '/api/v1/accounts', { username: newUsername(), password, phone, sms_code, role: 'public' })
})

test('a password names every unmet part of the rule', async () => {
  const anyone = await Api.open()
  const phone = newPhone()
  const body = { username: newUsername(), phone, sms_code: '000000', role: 'public' }
  const codes = async (secret: string) =>
    (await anyone.refused(422, 'password_invalid', 'POST', '/api/v1/accounts', { ...body, password: secret })).fields?.map((f) => f.code) ?? []
  expect((await codes('abc')).length).toBeGreaterThanOrEqual(3) // too short, no digit, no upper case letter
  expect(await codes('caotang2026')).toEqual(['missing_upper'])
  expect(await codes('CAOTANG2026')).toEqual(['missing_lower'])
  expect((await codes('Caotang2026!')).length).toBe(1)
  expect((await codes('Caotang2026Caotang')).length).toBe(1)
})

test('a username and a phone stand for one account only', async () => {
  const first = await register('public')
  const anyone = await Api.open()
  const phone = newPhone()
  const sms_code = await sendCode(anyone, phone, 'register')
  const body = { username: first.username.toUpperCase(), password, phone, sms_code, role: 'public' }
  await anyone.refused(409, 'username_taken', 'POST', '/api/v1/accounts', body)

  // A phone that has an account may be refused when the code is asked for, or when the account is.
  const asked = await anyone.send('POST', '/api/v1/sms-codes', { phone: first.phone, purpose: 'register' })
  if (asked.status() === 202) {
    const taken = { ...body, username: newUsername(), phone: first.phone, sms_code: await codeFor(first.phone) }
    await anyone.refused(409, 'phone_taken', 'POST', '/api/v1/accounts', taken)
  } else if (asked.status() !== 429) {
    await problem(asked, 409, 'phone_taken')
  }
})

test('a repeated registration makes one account and gets one answer', async () => {
  const anyone = await Api.open()
  const phone = newPhone()
  const sms_code = await sendCode(anyone, phone, 'register')
  const body = { username: newUsername(), password, phone, sms_code, role: 'teacher' }
  const headers = { 'Idempotency-Key': `register-${phone}` }
  const twice = await Promise.all([1, 2].map(() => anyone.send('POST', '/api/v1/accounts', body, headers)))
  const again = await anyone.send('POST', '/api/v1/accounts', body, headers)
  const answers = await Promise.all([...twice, again].map(async (r) => `${r.status()} ${await r.text()}`))
  expect(new Set(answers).size, answers.join('\n')).toBe(1)
  expect(answers[0]).toMatch(/^201 /)
  const changed = await anyone.send('POST', '/api/v1/accounts', { ...body, role: 'student' }, headers)
  await problem(changed, 422, 'idempotency_key_reused')
})

test('username and phone both sign in, case matters, and a wrong half is not told from the other', async () => {
  const person = await register('public')
  const anyone = await Api.open()
  for (const login of [person.username, person.phone]) {
    const answer = await anyone.ok(201, 'POST', '/api/v1/sessions', { login, password })
    expect(answer.must).toEqual([])
    expect(answer.account.username).toBe(person.username)
  }
  const wrong = await anyone.refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: person.username, password: otherPassword })
  const absent = await anyone.refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: newUsername(), password })
  expect({ ...absent, request_id: '' }).toEqual({ ...wrong, request_id: '' })
  await anyone.refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: person.username.toUpperCase(), password })
})

test('a session ends when it is signed out', async () => {
  const person = await register('public')
  await person.api.ok(200, 'GET', '/api/v1/me')
  await person.api.ok(204, 'DELETE', '/api/v1/sessions/current')
  await person.api.refused(401, 'unauthenticated', 'GET', '/api/v1/me')
  await (await Api.open()).refused(401, 'unauthenticated', 'GET', '/api/v1/me')
})

test('password and phone change, and each way to fail has its own code', async () => {
  const person = await register('public')
  const { api } = person
  await api.refused(422, 'password_wrong', 'PUT', '/api/v1/me/password', { current_password: otherPassword, new_password: otherPassword })
  await api.refused(422, 'password_invalid', 'PUT', '/api/v1/me/password', { current_password: password, new_password: 'short' })
  await api.ok(204, 'PUT', '/api/v1/me/password', { current_password: password, new_password: otherPassword })

  const phone = newPhone()
  const sms_code = await sendCode(api, phone, 'change_phone')
  await api.refused(422, 'password_wrong', 'PUT', '/api/v1/me/phone', { password, phone, sms_code })
  await api.refused(422, 'phone_invalid', 'PUT', '/api/v1/me/phone', { password: otherPassword, phone: '12345', sms_code })
  const wrongCode = sms_code === '111111' ? '222222' : '111111'
  await api.refused(422, 'sms_code_wrong', 'PUT', '/api/v1/me/phone', { password: otherPassword, phone, sms_code: wrongCode })
  const account = await api.ok(200, 'PUT', '/api/v1/me/phone', { password: otherPassword, phone, sms_code })
  expect(account.masked_phone).toBe(`${phone.slice(0, 3)}****${phone.slice(7)}`)
  await signIn(phone, otherPassword)
  await (await Api.open()).refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: person.phone, password: otherPassword })
})

test('a forgotten password is reset with username, phone and code, and every other session ends', async () => {
  const person = await register('public')
  const anyone = await Api.open()
  const sms_code = await sendCode(anyone, person.phone, 'reset_password')
  const reset = { username: person.username, phone: person.phone, sms_code, new_password: otherPassword }
  await anyone.ok(204, 'POST', '/api/v1/password-resets', reset)
  await person.api.refused(401, 'unauthenticated', 'GET', '/api/v1/me')
  await signIn(person.username, otherPassword)
})

test('a reset does not reveal whether an account or a phone exists', async () => {
  const person = await register('public')
  const anyone = await Api.open()
  const attempt = async (username: string, phone: string) => {
    const response = await anyone.send('POST', '/api/v1/password-resets', { username, phone, sms_code: '000000', new_password: otherPassword })
    const { code, title, detail } = (await response.json()) as Record<string, string>
    return { status: response.status(), code, title, detail }
  }
  const real = await attempt(person.username, person.phone)
  expect(real.status).toBe(422)
  expect(await attempt(newUsername(), person.phone)).toEqual(real)
  expect(await attempt(person.username, newPhone())).toEqual(real)
})

test('a one-time code of an administrator must be replaced before anything else', async () => {
  const person = await register('public')
  const province = await administrator('province')
  const admin = await signIn(province.username, province.password)
  const found = await admin.ok(200, 'GET', `/api/v1/admin/accounts?username=${person.username}`)
  expect(found.items).toHaveLength(1)
  const reset = await admin.ok(200, 'POST', `/api/v1/admin/accounts/${found.items[0].id}/password-reset`, { reason: 'asked at the counter' })
  const anyone = await Api.open()
  const session = await anyone.ok(201, 'POST', '/api/v1/sessions', { login: person.username, password: reset.one_time_code })
  expect(session.must).toEqual(['replace_password'])
  const api = await Api.open(session.token)
  await api.refused(403, 'password_replacement_required', 'GET', '/api/v1/me/space')
  await api.ok(204, 'PUT', '/api/v1/me/password', { current_password: reset.one_time_code, new_password: otherPassword })
  await api.ok(200, 'GET', '/api/v1/me/space')
})

test('nobody without rights learns that administration exists for them', async () => {
  const person = await register('public')
  await person.api.refused(403, 'forbidden', 'GET', '/api/v1/admin/registry')
  await (await Api.open()).refused(401, 'unauthenticated', 'GET', '/api/v1/admin/registry')
})

test('a problem is told in the language that is asked for', async () => {
  const chinese = await (await Api.open('', 'zh-CN')).refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: newUsername(), password })
  const english = await (await Api.open('', 'en')).refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: newUsername(), password })
  expect(chinese.title).toMatch(/\p{Script=Han}/u)
  expect(english.title).not.toMatch(/\p{Script=Han}/u)
})
