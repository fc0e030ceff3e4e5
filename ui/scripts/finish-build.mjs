// Finishes a built face: names the hashes of its inline scripts for the
// content security policy, and lays the compressed forms beside each text file.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const face = fileURLToPath(new URL('../dist/web/', import.meta.url))

const html = readFileSync(join(face, 'index.html'), 'utf8')
const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1])
const script = inline.map((text) => 'sha256-' + createHash('sha256').update(text).digest('base64'))
writeFileSync(join(face, 'csp.json'), JSON.stringify({ script }) + '\n')

const foreign = /(?:src|href)=["']?(?:https?:)?\/\//
if (foreign.test(html)) throw new Error('index.html names another host')

let count = 0
for (const entry of readdirSync(face, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.(js|css|html|svg|json|webmanifest)$/.test(entry.name)) continue
  if (entry.name === 'csp.json' || entry.name === 'manifest.json') continue
  const path = join(entry.parentPath ?? entry.path, entry.name)
  const text = readFileSync(path)
  if (/\.css$/.test(entry.name) && /url\(["']?(?:https?:)?\/\//.test(text.toString())) throw new Error(`${entry.name} names another host`)
  if (text.length < 512) continue
  writeFileSync(path + '.gz', gzipSync(text, { level: 9 }))
  writeFileSync(
    path + '.br',
    brotliCompressSync(text, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: text.length },
    }),
  )
  count++
}
console.log(`${count} files compressed, ${script.length} inline script(s) in the policy`)
