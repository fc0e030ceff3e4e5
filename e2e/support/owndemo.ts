// A demo of a worker's own, with settings that the one which all flows share does not have.
import { Processes } from './ownserver.ts'
import { test as base } from './test.ts'

/** The test of a flow on such a demo: its pages are served from there, and the helpers that speak to the server ask it. */
export const demoWith = (name: string, settings: Record<string, string>) =>
  base.extend<object, { demo: string }>({
    demo: [
      async ({}, use, worker) => {
        const processes = new Processes()
        try {
          await use(await processes.serve(`${name}_${worker.parallelIndex}`, { demo: true, 'sms-cooldown': '1s', ...settings }))
        } finally {
          await processes.end()
        }
      },
      { scope: 'worker', timeout: 120_000 },
    ],
    baseURL: async ({ demo }, use) => {
      const shared = process.env.CAOTANG_E2E_PORT
      process.env.CAOTANG_E2E_PORT = new URL(demo).port
      await use(demo)
      process.env.CAOTANG_E2E_PORT = shared
    },
  })
