// Processes of the product beside the run's own server, for what that one's settings do not allow.
import { spawn, type ChildProcess } from 'node:child_process'
import { createServer } from 'node:net'
import { expect } from '@playwright/test'

export function start(args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn('../bin/caotang', args, { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, ...env } })
}

export async function answers(url: string): Promise<void> {
  await expect.poll(() => fetch(url).then((response) => response.status, () => 0), { timeout: 60_000, message: url }).toBe(200)
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
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
