import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const folder = join(import.meta.dirname, '../src/locales')
type Texts = { [key: string]: string | Texts }

function flat(texts: Texts, prefix = ''): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([key, value]) =>
      typeof value === 'string' ? [[prefix + key, value]] : Object.entries(flat(value, `${prefix}${key}.`)),
    ),
  )
}

const read = (language: string, file: string) => flat(JSON.parse(readFileSync(join(folder, language, file), 'utf8')) as Texts)
const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()
const subjects = readdirSync(join(folder, 'zh-CN')).sort()

describe('texts', () => {
  it('stand in both languages under the same subjects', () => {
    expect(readdirSync(join(folder, 'en')).sort()).toEqual(subjects)
  })

  it.each(subjects)('%s says the same in both languages', (file) => {
    const chinese = read('zh-CN', file)
    const english = read('en', file)
    expect(Object.keys(english).sort()).toEqual(Object.keys(chinese).sort())
    for (const key of Object.keys(chinese)) {
      expect(chinese[key], `${key} is empty`).not.toBe('')
      expect(placeholders(english[key]), key).toEqual(placeholders(chinese[key]))
      expect(english[key], `${key}: apostrophes are straight`).not.toContain('’')
    }
  })
})
