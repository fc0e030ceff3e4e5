import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from '@playwright/test'
import { freePort } from './support/ownserver.ts'

// The workers read this file again: what the first reading chose is handed to them in the environment.
process.env.CAOTANG_E2E_PORT ??= String(await freePort())
process.env.CAOTANG_E2E_FOLDER ??= mkdtempSync(join(tmpdir(), 'caotang-e2e-'))
const port = process.env.CAOTANG_E2E_PORT
const folder = process.env.CAOTANG_E2E_FOLDER
const baseURL = `http://127.0.0.1:${port}`

const server = [
  'exec ../bin/caotang serve --demo',
  `--listen 127.0.0.1:${port}`,
  `--data ${folder}/data`,
  // Short waits, so that the rules are met without waiting for them.
  '--sms-cooldown 1s --sms-daily-limit 5 --captcha-account 3',
  '--log-level warn',
]
if (process.env.CAOTANG_E2E_DSN) server.push(`--database '${process.env.CAOTANG_E2E_DSN}'`)

const desktop = { viewport: { width: 1366, height: 768 } }
const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const api = { name: 'api', testDir: 'api' }
const chinese = { locale: 'zh-CN', timezoneId: 'Asia/Shanghai' }
const english = { locale: 'en-US', timezoneId: 'Asia/Shanghai' }

export default defineConfig({
  forbidOnly: true,
  retries: 0,
  workers: 2,
  fullyParallel: true,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  outputDir: 'test-results',
  reporter: [['list'], ['json']],
  globalTeardown: './support/teardown.ts',
  webServer: {
    command: server.join(' '),
    url: `${baseURL}/readyz`,
    reuseExistingServer: false,
    timeout: 120_000,
    stdout: 'ignore',
    stderr: 'pipe',
    gracefulShutdown: { signal: 'SIGTERM', timeout: 10_000 },
  },
  use: {
    baseURL,
    browserName: 'chromium',
    screenshot: 'only-on-failure',
    trace: 'off',
    // Nothing waits for an animation, and nobody is measured in the middle of one.
    contextOptions: { reducedMotion: 'reduce' },
    launchOptions: {
      executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  // Every flow is walked on both databases, in both languages and at both widths, in two walks: on SQLite in Chinese at the desk, on
  // PostgreSQL in English on the phone. What concerns the screen alone is looked at in all four pairs, on SQLite.
  projects: process.env.CAOTANG_E2E_DSN
    ? [api, { name: 'phone-en', testDir: 'flows', grepInvert: /@screen/, use: { ...phone, ...english } }]
    : [
        api,
        { name: 'desktop-zh', testDir: 'flows', use: { ...desktop, ...chinese } },
        { name: 'desktop-en', testDir: 'flows', grep: /@screen/, use: { ...desktop, ...english } },
        { name: 'phone-zh', testDir: 'flows', grep: /@screen/, use: { ...phone, ...chinese } },
        { name: 'phone-en', testDir: 'flows', grep: /@screen/, use: { ...phone, ...english } },
      ],
})
