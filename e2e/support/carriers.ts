// A server in earnest behind two carriers that misbehave as a test tells them: `caotang sms simulate` plays them. Each
// worker has its own, for an outage meets everybody on a server.
import type { ChildProcess } from 'node:child_process'
import { answers, end, freePort, start } from './servers.ts'
import { test as base } from './test.ts'
import { expect } from '@playwright/test'

export { expect }

/** One carrier, as the platform's tests may treat it. */
export class Carrier {
  constructor(readonly url: string) {}

  /** How it treats its customer from now on; well when nothing is named. */
  async behave(how: { throttle?: boolean; report?: Record<string, string> } = {}): Promise<void> {
    const response = await fetch(`${this.url}/behaviour`, { method: 'PUT', body: JSON.stringify(how) })
    expect(response.status).toBe(204)
  }

  /** The codes that reached the phone, the oldest first. */
  async codes(phone: string): Promise<string[]> {
    const texts = (await (await fetch(`${this.url}/arrived?phone=${phone}`)).json()) as string[]
    return texts.map((text) => /\b\d{6}\b/.exec(text)?.[0] ?? text)
  }
}

interface Carriers {
  url: string
  first: Carrier
  second: Carrier
}

export const test = base.extend<object, { carriers: Carriers }>({
  carriers: [
    async ({}, use, worker) => {
      const running: ChildProcess[] = []
      try {
        const first = await simulate(running)
        const second = await simulate(running)
        const url = await serve(running, worker.parallelIndex, first.url, second.url)
        await use({ url, first, second })
      } finally {
        await Promise.all(running.map(end))
      }
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  baseURL: async ({ carriers }, use) => {
    await Promise.all([carriers.first.behave(), carriers.second.behave()])
    await use(carriers.url)
  },
})

const secret = 'simulator'

async function simulate(running: ChildProcess[]): Promise<Carrier> {
  const [cmpp, http] = [await freePort(), await freePort()]
  running.push(start(['sms', 'simulate', '--listen', `127.0.0.1:${cmpp}`, '--http', `127.0.0.1:${http}`]))
  const url = `http://127.0.0.1:${http}`
  await answers(`${url}/arrived`)
  return new Carrier(url)
}

async function serve(running: ChildProcess[], index: number, first: string, second: string): Promise<string> {
  const port = await freePort()
  const templates = 'code=1:code+minutes,notice=2:text'
  const dsn = process.env.CAOTANG_E2E_DSN
  const settings = {
    listen: `127.0.0.1:${port}`,
    data: `${process.env.CAOTANG_E2E_FOLDER}/carriers-${index}`,
    'log-level': 'error',
    'sms-cooldown': '1s',
    'sms-gateways': 'aliyun,tencent',
    'sms-gateway-rest': '3s',
    'sms-aliyun-endpoint': first,
    'sms-aliyun-key-id': 'simulator',
    'sms-aliyun-templates': templates,
    'sms-tencent-endpoint': second,
    'sms-tencent-key-id': 'simulator',
    'sms-tencent-app-id': '1',
    'sms-tencent-templates': templates,
    // scripts/browser.sh makes these beside the run's own.
    ...(dsn ? { database: dsn.replace(/(\/[^/?]+)(\?|$)/, `$1_${index}$2`) } : {}),
  }
  const args = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
  running.push(start(['serve', ...args], { CAOTANG_SMS_ALIYUN_SECRET: secret, CAOTANG_SMS_TENCENT_SECRET: secret }))
  const url = `http://127.0.0.1:${port}`
  await answers(`${url}/readyz`)
  return url
}
