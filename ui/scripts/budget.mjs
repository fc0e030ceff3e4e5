// Fails when what a route loads first outgrows its limit. Counts the gzip form
// of everything that the route's page pulls in by static imports, with the
// entry's, the layouts' and the styles; lazy pieces and the page itself apart.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const face = fileURLToPath(new URL('../dist/web/', import.meta.url))
if (!existsSync(join(face, '.vite/manifest.json'))) {
  console.error('no build found: run `npm run build` first')
  process.exit(1)
}
const manifest = JSON.parse(readFileSync(join(face, '.vite/manifest.json'), 'utf8'))

const routes = [
  { name: 'sign-in', limit: 140, pages: ['pages/LoginPage.vue'] },
  { name: 'registration', limit: 140, pages: ['pages/RegisterPage.vue'] },
  { name: 'administration table', limit: 230, pages: ['admin/routes.ts', 'admin/RegistryPage.vue'] },
]

function collect(key, files, seen) {
  if (seen.has(key)) return
  seen.add(key)
  const chunk = manifest[key]
  if (!chunk) throw new Error(`the manifest has no ${key}`)
  files.add(chunk.file)
  for (const css of chunk.css ?? []) files.add(css)
  for (const next of chunk.imports ?? []) collect(next, files, seen)
}

const gzipped = (file) => gzipSync(readFileSync(join(face, file)), { level: 9 }).length

let over = false
for (const route of routes) {
  const files = new Set(['index.html'])
  const seen = new Set()
  for (const key of ['index.html', ...route.pages]) collect(key, files, seen)
  const kilobytes = [...files].reduce((sum, file) => sum + gzipped(file), 0) / 1000
  const bad = kilobytes > route.limit
  over ||= bad
  console.log(`${bad ? 'OVER' : 'ok  '}  ${route.name}: ${kilobytes.toFixed(1)} of ${route.limit} KB gzip in ${files.size} files`)
}
process.exit(over ? 1 : 0)
