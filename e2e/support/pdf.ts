// Reads the codes of printed slips back, as a camera would: the file itself says what its glyphs stand for.
import { inflateSync } from 'node:zlib'

/** The codes of a file of slips, in the order in which they are printed. */
export function codesIn(file: Buffer): string[] {
  const streams: string[] = []
  const bytes = file.toString('latin1')
  for (const [, packed] of bytes.matchAll(/stream\n([\s\S]*?)\n?endstream/g)) {
    const content = Buffer.from(packed!, 'latin1')
    try {
      streams.push(inflateSync(content).toString('latin1'))
    } catch {
      streams.push(content.toString('latin1'))
    }
  }
  const glyphs = new Map<string, string>()
  const first = streams.find((text) => text.includes('begincmap')) ?? ''
  for (const [, glyph, code] of first.matchAll(/<(\w{4})><\w{4}><(\w{4})>/g)) glyphs.set(glyph!, String.fromCharCode(parseInt(code!, 16)))
  let text = ''
  for (const page of streams.filter((text) => text.includes('TJ'))) {
    for (const [, drawn] of page.matchAll(/\[<(\w+)>\] TJ/g)) text += (drawn!.match(/.{4}/g) ?? []).map((glyph) => glyphs.get(glyph) ?? '').join('')
  }
  return text.match(/[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}/g) ?? []
}
