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

/** Where the screens name a word by a value of the interface: each value must have its word. */
const worded: [schema: string, property: string, ...places: string[]][] = [
  ['SupportTicket', 'kind', 'request.kind', 'me.tickets.meanwhile', 'admin_tickets.kind'],
  ['SupportTicket', 'state', 'request.state', 'admin_tickets.state'],
  ['SupportTicket', 'ending', 'request.ending'],
  ['SupportTicket', 'appeal_to', 'me.cases.level'],
  ['SupportSide', 'way', 'admin_tickets.sides.ways'],
  ['SupportFirstDecision', 'state', 'admin_tickets.first'],
  ['SupportWrongFact', 'field', 'admin_tickets.wrong'],
  ['DeadlinesCounts', 'kind', 'admin_tickets.kind'],
  ['Guardianship', 'state', 'guardian.state'],
  ['GuardiansRequest', 'channel', 'guardian.admin.by'],
  ['GuardiansRequest', 'relation', 'guardian.relation'],
  ['RecoveryRequest', 'state', 'admin_recoveries.state'],
  ['TransfersTransfer', 'state', 'transfer.state'],
  ['ConsentAsked', 'state', 'consent.state'],
  ['ConsentAsked', 'channel', 'consent.channel'],
  ['RosterClass', 'stage', 'admin.stage', 'request.stages'],
  ['StatisticsStuckReason', 'reason', 'admin_statistics.stuck.reason'],
]
type Schemas = Record<string, { properties: Record<string, { enum?: string[] }> }>
const schemas = (JSON.parse(readFileSync(join(import.meta.dirname, '../../api/openapi.json'), 'utf8')) as { components: { schemas: Schemas } }).components.schemas

describe('values of the interface', () => {
  it.each(worded)('%s.%s has a word for each', (schema, property, ...places) => {
    const values = schemas[schema]!.properties[property]!.enum!
    for (const place of places) {
      const [file, ...keys] = place.split('.')
      const texts = read('zh-CN', `${file}.json`)
      for (const value of values) expect(texts[[...keys, value].join('.')], `${place}.${value}`).toBeDefined()
    }
  })
})
