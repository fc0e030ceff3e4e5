// A demo of its own on which an account that its owner asked to close is closed after two seconds: on the run's own server it
// would take days, and there accounts must not vanish under other tests.
import type { ChildProcess } from 'node:child_process'
import { answers, end, freePort, start } from './servers.ts'
import { test as base } from './test.ts'

export const test = base.extend<object, { shortWait: string }>({
  shortWait: [
    async ({}, use) => {
      const port = String(await freePort())
      const dsn = process.env.CAOTANG_E2E_DSN
      const settings = {
        listen: `127.0.0.1:${port}`,
        data: `${process.env.CAOTANG_E2E_FOLDER}/short-wait-${port}`,
        'log-level': 'error',
        'sms-cooldown': '1s',
        'closing-wait': '2s',
        // scripts/browser.sh makes it beside the run's own.
        ...(dsn ? { database: dsn.replace(/(\/[^/?]+)(\?|$)/, '$1_closing$2') } : {}),
      }
      const running: ChildProcess = start(['serve', '--demo', ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`)])
      try {
        await answers(`http://127.0.0.1:${port}/readyz`)
        await use(port)
      } finally {
        await end(running)
      }
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  // The helpers that speak to the server ask this one while the test runs.
  baseURL: async ({ shortWait }, use) => {
    const before = process.env.CAOTANG_E2E_PORT
    process.env.CAOTANG_E2E_PORT = shortWait
    await use(`http://127.0.0.1:${shortWait}`)
    process.env.CAOTANG_E2E_PORT = before
  },
})
