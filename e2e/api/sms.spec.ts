import { expect, test } from '@playwright/test'
import { Api, codeFor, sendCode } from '../support/api.ts'
import { newPhone, newUsername, password } from '../support/people.ts'

test('a code says how long it lives, when another may be sent and how many are left', async () => {
  const anyone = await Api.open()
  const phone = newPhone()
  const sent = await anyone.ok(202, 'POST', '/api/v1/sms-codes', { phone: `+86 ${phone}`, purpose: 'register' })
  expect(sent).toMatchObject({ expires_in: 300, remaining_today: 4 })
  expect(sent.resend_after).toBeLessThanOrEqual(1)
  await expect
    .poll(async () => (await anyone.ok(200, 'GET', `/api/v1/sms-messages/${sent.message_id}`)).state)
    .toBe('delivered')
  expect(await codeFor(phone)).toMatch(/^\d{6}$/)
})

test('a second code waits for the cooldown, and a day has its limit', async () => {
  const anyone = await Api.open()
  const phone = newPhone()
  const ask = () => anyone.send('POST', '/api/v1/sms-codes', { phone, purpose: 'register' })
  let sent = 0
  let refused: { code: string; retryAfter: number } | undefined
  const refusals = new Set<string>()
  await expect(async () => {
    const response = await ask()
    if (response.status() === 202) sent++
    else {
      refused = { code: (await response.json()).code, retryAfter: Number(response.headers()['retry-after']) }
      refusals.add(refused.code)
      expect(response.status()).toBe(429)
      expect(refused.retryAfter).toBeGreaterThan(0)
    }
    expect(refused?.code).toBe('sms_quota_exceeded')
  }).toPass({ intervals: [10, 200], timeout: 20_000 })
  expect(sent).toBe(5)
  expect([...refusals].sort()).toEqual(['sms_cooldown', 'sms_quota_exceeded'])
})

test('a number of another province is told its province, an unknown segment is let through', async () => {
  const anyone = await Api.open()
  const refusal = await anyone.refused(422, 'phone_region_unsupported', 'POST', '/api/v1/sms-codes', { phone: '13800138000', purpose: 'register' })
  expect(`${refusal.title} ${refusal.detail}`).toMatch(/Beijing.*Sichuan/s)
  await anyone.ok(202, 'POST', '/api/v1/sms-codes', { phone: `19900${newPhone().slice(5)}`, purpose: 'register' })
})

test('what is no mobile number is refused', async () => {
  const anyone = await Api.open()
  for (const phone of ['', '1388075', '23880751234', '028-88888888', '1388075123x']) {
    const refusal = await anyone.refused(422, 'phone_invalid', 'POST', '/api/v1/sms-codes', { phone, purpose: 'register' })
    expect(refusal.fields?.map((f) => f.field), phone).toContain('phone')
  }
})

test('five wrong guesses end a code, and a code serves once', async () => {
  const anyone = await Api.open()
  const phone = newPhone()
  const body = { username: newUsername(), password, phone, role: 'public' }
  const right = await sendCode(anyone, phone, 'register')
  const wrong = right === '111111' ? '222222' : '111111'
  for (let i = 0; i < 5; i++) {
    await anyone.refused(422, 'sms_code_wrong', 'POST', '/api/v1/accounts', { ...body, sms_code: wrong })
  }
  const late = await anyone.send('POST', '/api/v1/accounts', { ...body, sms_code: right })
  expect(late.status(), await late.text()).toBe(422)
  expect((await late.json()).code).toMatch(/^sms_code_(expired|wrong)$/)
  const fresh = await sendCode(anyone, phone, 'register')
  await anyone.ok(201, 'POST', '/api/v1/accounts', { ...body, sms_code: fresh })
  const reused = await anyone.send('POST', '/api/v1/accounts', { ...body, username: newUsername(), sms_code: fresh })
  expect([409, 422], await reused.text()).toContain(reused.status())
})
