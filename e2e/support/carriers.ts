// A server in earnest behind two carriers that misbehave as a test tells them: `caotang sms simulate` plays them. Each
// worker has its own, for an outage meets everybody on a server.
import { answers, freePort, Processes } from './ownserver.ts'
import { expect, test as base } from './test.ts'

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
      const processes = new Processes()
      try {
        const first = await simulate(processes)
        const second = await simulate(processes)
        await use({ url: await serve(processes, worker.parallelIndex, first.url, second.url), first, second })
      } finally {
        await processes.end()
      }
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  baseURL: async ({ carriers }, use) => {
    await Promise.all([carriers.first.behave(), carriers.second.behave()])
    await use(carriers.url)
  },
})

async function simulate(processes: Processes): Promise<Carrier> {
  const [cmpp, http] = [await freePort(), await freePort()]
  processes.start(['sms', 'simulate', '--listen', `127.0.0.1:${cmpp}`, '--http', `127.0.0.1:${http}`])
  const url = `http://127.0.0.1:${http}`
  await answers(`${url}/arrived`)
  return new Carrier(url)
}

async function serve(processes: Processes, index: number, first: string, second: string): Promise<string> {
  const templates = 'code=1:code+minutes,notice=2:text'
  const secret = 'simulator'
  const settings = {
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
  }
  return await processes.serve(`carriers_${index}`, settings, { CAOTANG_SMS_ALIYUN_SECRET: secret, CAOTANG_SMS_TENCENT_SECRET: secret })
}
