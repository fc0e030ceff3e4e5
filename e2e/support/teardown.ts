import { rmSync } from 'node:fs'

/** Removes the server's data. It may still run: on Linux an open file lives until it is closed. */
export default function teardown(): void {
  if (process.env.CAOTANG_E2E_DATA) rmSync(process.env.CAOTANG_E2E_DATA, { recursive: true, force: true })
}
