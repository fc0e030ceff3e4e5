// Lays the fonts of printed papers into dist/fonts, compressed, for the binary to embed. One font holds what is printed
// nearly always; the other, a small cut of a second one, the rare characters of names that the first lacks. No page
// loads either.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import subsetFont from 'subset-font'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const packages = here('../node_modules/@expo-google-fonts/')
const folder = here('../dist/fonts/')

// Beyond the basic plane, where rare characters such as 𠮷 are. The space is in it for readers of fonts that ask for a
// table of the basic plane.
let rare = ' '
for (let code = 0x20000; code < 0x32000; code++) rare += String.fromCodePoint(code)

const fonts = {
  sans: readFileSync(join(packages, 'noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf')),
  rare: await subsetFont(readFileSync(join(packages, 'noto-sans-jp/400Regular/NotoSansJP_400Regular.ttf')), rare, {
    targetFormat: 'truetype',
    noLayoutClosure: true,
  }),
}

mkdirSync(folder, { recursive: true })
for (const [name, font] of Object.entries(fonts)) {
  const packed = gzipSync(font, { level: 9 })
  writeFileSync(join(folder, `${name}.ttf.gz`), packed)
  console.log(`dist/fonts/${name}.ttf.gz  ${(packed.length / 1024).toFixed(0)} KB`)
}
// Whoever hands the fonts on hands their licence on.
writeFileSync(join(folder, 'LICENSE.txt'), readFileSync(join(packages, 'noto-sans-sc/LICENSE_FONT')))
