// Servers of a test's own, beside the one that all flows share: with other settings, or with carriers that fail.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { expect } from '@playwright/test'

/** Processes that a worker started, ended together. */
export class Processes {
  private readonly running: ChildProcess[] = []

  /** Starts bin/caotang with the arguments. What it complains of is seen in the test's output. */
  start(args: string[], env: NodeJS.ProcessEnv = process.env): void {
    this.running.push(spawn('../bin/caotang', args, { stdio: ['ignore', 'ignore', 'inherit'], env }))
  }

  /**
   * Serves on a data folder and database of its own, which the name tells from every other, and answers the address once it is
   * ready. Settings are those of `caotang serve --help`.
   */
  async serve(name: string, settings: Record<string, string | true>, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const port = await freePort()
    const all: Record<string, string | true> = { listen: `127.0.0.1:${port}`, data: `${process.env.CAOTANG_E2E_FOLDER}/${name}`, 'log-level': 'error', ...database(name), ...settings }
    this.start(['serve', ...Object.entries(all).map(([key, value]) => (value === true ? `--${key}` : `--${key}=${value}`))], { ...process.env, ...env })
    const url = `http://127.0.0.1:${port}`
    await answers(`${url}/readyz`)
    return url
  }

  async end(): Promise<void> {
    await Promise.all(this.running.map(end))
  }
}

/** Waits until the address answers. */
export async function answers(url: string): Promise<void> {
  await expect.poll(() => fetch(url).then((response) => response.status, () => 0), { timeout: 60_000, message: url }).toBe(200)
}

export async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer()
    probe.on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => (address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))))
    })
  })
}

/** On PostgreSQL, a database beside the run's own, which scripts/browser.sh removes with it. */
function database(name: string): Record<string, string> {
  const dsn = process.env.CAOTANG_E2E_DSN
  if (!dsn) return {}
  const own = new URL(dsn)
  own.pathname += `_${name.replace(/\W/g, '_')}`
  execFileSync(`${process.env.CAOTANG_E2E_POSTGRES_BIN}/createdb`, ['--maintenance-db', dsn, own.pathname.slice(1)])
  return { database: own.href }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
