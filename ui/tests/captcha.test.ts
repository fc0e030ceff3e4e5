import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fetchProving } from '@/core/captcha/fetch'
import { longestText, sha256 } from '@/core/captcha/sha256'
import { solve } from '@/core/captcha/solve'
import { cancelCaptcha } from '@/core/captcha/state'

const hex = (text: string) => createHash('sha256').update(text).digest('hex')
const challenge = (number: number, max_number = 2000) => ({ salt: 'a1b2c3d4e5f6a7b8c9d0e1f2', target: hex(`a1b2c3d4e5f6a7b8c9d0e1f2${number}`), max_number, token: 't.m' })
const refusal = (more: object) => new Response(JSON.stringify({ code: 'captcha_required', ...more }), { status: 403 })
const post = () => new Request('http://localhost/api/v1/sessions', { method: 'POST', body: '{"login":"x"}', headers: { 'Idempotency-Key': 'k' } })

describe('the hash', () => {
  it('is that of everybody else', () => {
    for (let length = 0; length <= longestText; length++) {
      const text = Array.from({ length }, (_, i) => 33 + ((i * 7) % 90))
      const words = [...sha256(Uint8Array.from([...text, 1, 2, 3]), length)].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
      expect(words).toBe(hex(String.fromCharCode(...text)))
    }
  })
})

describe('a challenge', () => {
  it.each([0, 1, 199, 200, 1777, 2000])('is solved by %i', async (number) => {
    expect(await solve(challenge(number), () => {}, () => false)).toBe(number)
  })
  it('without a solution ends', async () => {
    expect(await solve({ ...challenge(7), target: hex('another') }, () => {}, () => false)).toBeNull()
    expect(await solve({ ...challenge(7), target: 'no hash' }, () => {}, () => false)).toBeNull()
  })
  it('can be cancelled', async () => {
    let looks = 0
    expect(await solve(challenge(-1, 1e9), () => {}, () => ++looks > 2)).toBeNull()
  })
})

describe('a request that meets a captcha', () => {
  afterEach(() => vi.unstubAllGlobals())
  function server(...answers: Response[]) {
    const sent: { body: string; solution: string | null; key: string | null }[] = []
    vi.stubGlobal('fetch', async (request: Request) => {
      sent.push({ body: await request.text(), solution: request.headers.get('Captcha-Solution'), key: request.headers.get('Idempotency-Key') })
      return answers.shift()
    })
    return sent
  }
  it('is sent again with the solution, whole and under the same key', async () => {
    const sent = server(refusal({ captcha: challenge(1234) }), new Response('{}', { status: 201 }))
    expect((await fetchProving(post())).status).toBe(201)
    expect(sent).toEqual([
      { body: '{"login":"x"}', solution: null, key: 'k' },
      { body: '{"login":"x"}', solution: 't.m:1234', key: 'k' },
    ])
  })
  it('gets another refusal as it is', async () => {
    const sent = server(new Response(JSON.stringify({ code: 'forbidden' }), { status: 403 }))
    expect(await (await fetchProving(post())).json()).toEqual({ code: 'forbidden' })
    expect(sent).toHaveLength(1)
  })
  it('does not go on for ever', async () => {
    const sent = server(...Array.from({ length: 9 }, () => refusal({ captcha: challenge(5) })))
    expect((await fetchProving(post())).status).toBe(403)
    expect(sent).toHaveLength(3)
  })
  it('is refused when somebody cancels', async () => {
    const sent = server(refusal({ captcha: challenge(-1, 1e9) }))
    const answered = fetchProving(post())
    setTimeout(cancelCaptcha, 50)
    const response = await answered
    expect(response.status).toBe(403)
    expect(await response.json()).toMatchObject({ code: 'captcha_required' })
    expect(sent).toHaveLength(1)
  })
})
