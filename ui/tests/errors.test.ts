import { describe, expect, it, vi } from 'vitest'
import { fieldMessages, mayRetry, NetworkTrouble, ownPath, Problem, problemFrom } from '@/core/errors'
import { detour } from '@/core/guards'
import { chooseLanguage } from '@/core/language'
import { useSubmit } from '@/core/submit'

const headers = (values: Record<string, string> = {}) => new Headers(values)

describe('a problem document', () => {
  it('gives message, fields, next step, wait and the rest', () => {
    const problem = problemFrom(
      409,
      {
        type: 'about:blank', title: '手机号已被使用', status: 409, detail: '换一个', code: 'phone_taken',
        fields: [{ field: 'phone', code: 'phone_taken', message: '已被使用' }],
        next_step: { action: 'sign_in', label: '登录', href: '/login' },
        holder: { masked_username: 'zh****01' },
      },
      headers({ 'Retry-After': '30', 'X-Request-Id': 'r1' }),
    )
    expect(problem).toMatchObject({ status: 409, code: 'phone_taken', title: '手机号已被使用', retryAfter: 30, requestId: 'r1' })
    expect(problem.nextStep).toEqual({ action: 'sign_in', label: '登录', href: '/login' })
    expect(fieldMessages(problem)).toEqual({ phone: '已被使用' })
    expect(problem.more.holder).toEqual({ masked_username: 'zh****01' })
  })
  it('is understood even when a proxy answered a page', () => {
    expect(problemFrom(502, '<html>', headers()).code).toBe('server_busy')
    expect(problemFrom(401, undefined, headers()).code).toBe('unauthenticated')
  })
  it('joins the messages of one field', () => {
    const problem = new Problem(422, 'password_invalid', '', '', [
      { field: 'password', code: 'too_short', message: '太短。' },
      { field: 'password', code: 'missing_upper', message: '缺大写字母。' },
    ])
    expect(fieldMessages(problem)).toEqual({ password: '太短。 缺大写字母。' })
  })
  it.each(['https://elsewhere.example', '//elsewhere.example', '/\\elsewhere', 'javascript:alert(1)', 7, null])('never follows %s', (href) => {
    expect(ownPath(href)).toBeUndefined()
  })
  it('is retried only where nothing was decided', () => {
    expect(mayRetry(new NetworkTrouble())).toBe(true)
    expect(mayRetry(new Problem(503, 'server_busy', '', ''))).toBe(true)
    expect(mayRetry(new Problem(422, 'invalid', '', ''))).toBe(false)
  })
})

describe('sending a form', () => {
  it('makes one request of a double click', async () => {
    const send = vi.fn(async () => 'done')
    const form = useSubmit(send)
    expect(await Promise.all([form.submit({ a: 1 }), form.submit({ a: 1 })])).toEqual(['done', 'done'])
    expect(send).toHaveBeenCalledTimes(1)
  })
  it('keeps the key over a lost answer, and changes it with the content and after an outcome', async () => {
    const keys: string[] = []
    const outcomes = [new NetworkTrouble(), null, null, new Problem(422, 'invalid', '', ''), null]
    const form = useSubmit(async (_content: object, key: string) => {
      keys.push(key)
      const outcome = outcomes.shift()
      if (outcome) throw outcome
      return true
    })
    await form.submit({ a: 1 })
    expect(form.trouble.value).toBeInstanceOf(NetworkTrouble)
    await form.retry()
    expect(form.trouble.value).toBeNull()
    await form.submit({ a: 1 })
    await form.submit({ a: 2 })
    await form.submit({ a: 2 })
    expect(keys[1]).toBe(keys[0])
    expect(new Set(keys).size).toBe(4)
  })
  it('takes a new key when the server knows the old one for other content', async () => {
    const keys: string[] = []
    const form = useSubmit(async (_content: object, key: string) => {
      keys.push(key)
      if (keys.length === 1) throw new Problem(422, 'idempotency_key_reused', '', '')
      return 'done'
    })
    expect(await form.submit({})).toBe('done')
    expect(keys[1]).not.toBe(keys[0])
  })
})

describe('a page', () => {
  const nobody = null
  const person = { must: [], admin_grants: [] }
  const newcomer = { must: ['bind_phone' as const], admin_grants: [] }
  const administrator = { must: [], admin_grants: [{ level: 'school' as const, scope_id: 's', scope_name: 'S' }] }
  it('sends everybody where they must go first', () => {
    expect(detour(undefined, nobody, '/')).toBeNull()
    expect(detour('ready', nobody, '/space')).toEqual({ path: '/login', query: { next: '/space' } })
    expect(detour('ready', newcomer, '/space')).toEqual({ path: '/me/security', query: { must: 'bind_phone', next: '/space' } })
    expect(detour('signed_in', newcomer, '/me/security')).toBeNull()
    expect(detour('administrator', person, '/admin')).toEqual({ path: '/no-permission' })
    expect(detour('administrator', administrator, '/admin')).toBeNull()
  })
})

describe('the language', () => {
  it('is the chosen one, else one the browser asks for, else Chinese', () => {
    expect(chooseLanguage('en', ['zh-CN'])).toBe('en')
    expect(chooseLanguage(null, ['fr', 'en-GB', 'zh'])).toBe('en')
    expect(chooseLanguage(null, ['zh-TW', 'en'])).toBe('zh-CN')
    expect(chooseLanguage('xx', ['fr'])).toBe('zh-CN')
  })
})
