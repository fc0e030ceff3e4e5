import { rmSync } from 'node:fs'

/** Removes what the run made. The server may still run: on Linux an open file lives until it is closed. */
export default function teardown(): void {
  if (process.env.CAOTANG_E2E_FOLDER) rmSync(process.env.CAOTANG_E2E_FOLDER, { recursive: true, force: true })
}
