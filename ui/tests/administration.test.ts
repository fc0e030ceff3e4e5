import { beforeEach, describe, expect, it } from 'vitest'
import { lookupFor, lookupQuery } from '@/domain/accounts/lookup'
import { auditFiltersFrom, auditQueryOf, auditRequest, isID, pageOf } from '@/domain/audit/record'
import { chosenColumns, keepColumns, usualColumns } from '@/domain/registry/columns'
import { digitsOfPart, filtersFrom, narrowed, noFilters, queryOf, searchIn } from '@/domain/registry/filters'
import { regionName, schoolCodeFault } from '@/domain/roster/schools'
import { grantedSchools, managesSchools, offeredRegions, onlySchool, regionGranted, regionOffered, widestFirst, widestRegion } from '@/domain/scope/scope'
import { canComplete, outcomeOf } from '@/domain/tickets/outcome'
import { moment } from '@/core/moment'
import type { Grant, Region } from '@/api/types'

describe('filters of the registry in the address', () => {
  it('come back as they went', () => {
    const filters = { ...noFilters, kind: 'student' as const, school_id: 's1', bound: 'false' as const, name: '阿依·古丽' }
    expect(filtersFrom(queryOf(filters))).toEqual(filters)
    expect(queryOf(noFilters)).toEqual({})
  })
  it('drop what is no filter', () => {
    expect(filtersFrom({ kind: 'parent', bound: 'yes', region: '51', school_id: ['s1', 's2'], name: null })).toEqual({ ...noFilters, school_id: 's1' })
  })
  it('never hold a number of a document', () => {
    expect(searchIn('５１０１０４１９９００１０１１２３ｘ')).toEqual({ name: '', id_number: '51010419900101123X' })
    expect([digitsOfPart('５１０１ ０４'), digitsOfPart('510104199001011234'), digitsOfPart('H12345678'), digitsOfPart('王小明')]).toEqual([6, 0, 0, 0])
    expect(searchIn(' 王小明 ')).toEqual({ name: '王小明', id_number: '' })
    expect(Object.keys(queryOf(filtersFrom({ id_number: '510104199001011234' })))).toEqual([])
  })
  it('forget the class of another school and the school of another region', () => {
    const filters = { ...noFilters, region: '510104', school_id: 's1', class_id: 'c1' }
    expect(narrowed(filters, { school_id: 's2' })).toMatchObject({ school_id: 's2', class_id: '' })
    expect(narrowed(filters, { region: '510105' })).toMatchObject({ school_id: '', class_id: '' })
    expect(narrowed(filters, { kind: 'teacher' })).toMatchObject({ school_id: 's1', class_id: 'c1' })
  })
})

describe('columns of the registry', () => {
  beforeEach(() => localStorage.clear())
  it('show the school only where there are several', () => {
    expect(usualColumns(false)).not.toContain('school')
    expect(usualColumns(true)).toContain('school')
  })
  it('stay as chosen, in their order, the name always', () => {
    keepColumns(['bound', 'kind'])
    expect(chosenColumns(true)).toEqual(['name', 'kind', 'bound'])
    keepColumns(null)
    expect(chosenColumns(true)).toEqual(usualColumns(true))
  })
  it('survive something strange in the store', () => {
    localStorage.setItem('caotang.registry.columns', '{not json')
    expect(chosenColumns(false)).toEqual(usualColumns(false))
  })
})

describe('scope', () => {
  const grant = (level: Grant['level'], scope_id: string): Grant => ({ level, scope_id, scope_name: scope_id })
  it('of one school leaves nothing to choose', () => {
    expect(onlySchool([grant('school', 's1')])).toEqual({ id: 's1', name: 's1' })
    expect(onlySchool([grant('school', 's1'), grant('school', 's2')])).toBeNull()
    expect(onlySchool([grant('county', '510104')])).toBeNull()
    expect(grantedSchools([grant('school', 's1'), grant('county', '510104')])).toHaveLength(1)
  })
  it('names the widest first', () => {
    expect(widestFirst([grant('school', 's1'), grant('city', '510100')])[0].level).toBe('city')
  })
  it('offers a city to the administrator of one of its counties, but not all of it', () => {
    const county = [grant('county', '510104')]
    expect(regionOffered('510100', county)).toBe(true)
    expect(regionGranted('510100', county)).toBe(false)
    expect(regionGranted('510104', county)).toBe(true)
    expect(regionOffered('510700', county)).toBe(false)
    expect(regionGranted('511002', [grant('city', '511000')])).toBe(true)
    expect(regionGranted('511002', [grant('city', '510100')])).toBe(false)
    expect(regionGranted('511002', [grant('province', '510000')])).toBe(true)
  })
})

describe('schools', () => {
  const grant = (level: Grant['level'], scope_id: string): Grant => ({ level, scope_id, scope_name: scope_id })
  const regions: Region[] = [
    { code: '510000', level: 'province', name: '四川省' },
    { code: '510100', level: 'city', name: '成都市', parent: '510000' },
    { code: '510104', level: 'county', name: '锦江区', parent: '510100' },
    { code: '510107', level: 'county', name: '武侯区', parent: '510100' },
    { code: '510700', level: 'city', name: '绵阳市', parent: '510000' },
    { code: '510703', level: 'county', name: '涪城区', parent: '510700' },
  ]
  it('are managed from the county up', () => {
    expect(managesSchools([grant('school', 's1')])).toBe(false)
    expect(managesSchools([grant('school', 's1'), grant('county', '510104')])).toBe(true)
    expect(widestRegion([grant('school', 's1'), grant('county', '510104'), grant('city', '510700')])).toBe('510700')
    expect(widestRegion([grant('school', 's1')])).toBe('')
  })
  it('are added where one may, a county of one’s own or any of a city’s', () => {
    const choices = (...grants: Grant[]) => offeredRegions(regions, grants).map(({ code, whole, counties }) => [code, whole, ...counties.map((county) => county.name)])
    expect(choices(grant('county', '510104'))).toEqual([['510100', false, '锦江区']])
    expect(choices(grant('city', '510100'))).toEqual([['510100', true, '锦江区', '武侯区']])
    expect(choices(grant('province', '510000'))).toHaveLength(2)
    expect(choices(grant('school', 's1'))).toEqual([])
  })
  it('have a code of ten digits, in whatever width it is typed', () => {
    expect(schoolCodeFault('３１５１ 000001')).toBeNull()
    expect(schoolCodeFault(' ')).toBe('empty')
    expect(schoolCodeFault('315100000')).toBe('short')
    expect(schoolCodeFault('31510000012')).toBe('long')
    expect(schoolCodeFault('31510000O1')).toBe('characters')
  })
  it('lie in a county that is named with its city', () => {
    expect(regionName(regions, '510703')).toBe('绵阳市 涪城区')
    expect(regionName([], '510703')).toBe('510703')
  })
})

describe('looking up an account', () => {
  it('knows what was typed', () => {
    expect(lookupFor('+86 138 8012 3456')).toBe('phone')
    expect(lookupFor('51010419900101123x')).toBe('id_number')
    expect(lookupFor('zhangsan01')).toBe('username')
    expect(lookupFor('张三')).toBe('name')
  })
  it('asks with the plain form', () => {
    expect(lookupQuery('phone', '138-8012-3456')).toEqual({ phone: '13880123456' })
    expect(lookupQuery('id_number', ' 51010419900101123ｘ')).toEqual({ id_number: '51010419900101123X' })
  })
})

describe('tickets', () => {
  const ticket = (kind: 'missing_entry' | 'missing_class' | 'not_me', registry?: 'absent' | 'here' | 'here_differs' | 'elsewhere', held = false) =>
    outcomeOf({ kind, registry, holder: held ? { id: 'a', masked_username: 'z', masked_phone: null } : undefined })
  it('tell beforehand what completing does', () => {
    expect(ticket('missing_entry', 'absent')).toBe('add')
    expect(ticket('missing_entry', 'here')).toBe('verify')
    expect(outcomeOf({ kind: 'missing_entry', registry: 'here', holder: { id: 'a', masked_username: 'z', masked_phone: null }, asked: { entry_kind: 'parent' } })).toBe('verify') // the child's own account is in nobody's way
    expect(ticket('missing_class')).toBe('class')
    expect(ticket('not_me', 'here', true)).toBe('hand_over')
  })
  it('cannot be completed where it would fail', () => {
    for (const outcome of [ticket('missing_entry', 'here', true), ticket('missing_entry', 'here_differs'), ticket('missing_entry', 'elsewhere'), ticket('not_me', 'elsewhere')]) {
      expect(canComplete(outcome), outcome).toBe(false)
    }
  })
  it('say that whoever asks is somebody else already, where nothing else is amiss', () => {
    const in_the_way = { kind: 'teacher' as const, masked_name: '魏*' }
    expect(outcomeOf({ kind: 'not_me', registry: 'here', in_the_way })).toBe('asker_bound')
    expect(outcomeOf({ kind: 'not_me', registry: 'elsewhere', in_the_way })).toBe('gone')
    expect(canComplete('asker_bound')).toBe(false)
  })
})

describe('the audit log', () => {
  it('asks for days in China, both included', () => {
    const filters = auditFiltersFrom({ group: 'registry', from: '2026-09-01', to: '2026-09-01' })
    expect(auditRequest(filters)).toEqual({ action: 'registry.', from: '2026-08-31T16:00:00.000Z', to: '2026-09-01T16:00:00.000Z' })
    expect(auditFiltersFrom(auditQueryOf(filters))).toEqual(filters)
  })
  it('begins with the last seven days', () => {
    expect(auditRequest(auditFiltersFrom({ group: 'x', from: 'soon' }), '2026-03-03')).toEqual({ from: '2026-02-24T16:00:00.000Z' })
  })
  it('leads to what a record is about, unless it is gone', () => {
    expect(pageOf({ target: 'entry', target_id: 'e1', gone: false })?.query).toEqual({ entry: 'e1' })
    expect(pageOf({ target: 'entry', target_id: 'e1', gone: true })).toBeNull()
  })
  it('tells an id from a username, and keeps both in the address', () => {
    const filters = auditFiltersFrom({ actor: ' school1 ', target: '01abc', span: 'all' })
    expect(auditRequest(filters)).toEqual({ actor: 'school1', target_id: '01abc' })
    expect(auditFiltersFrom(auditQueryOf(filters))).toEqual(filters)
    const batch = auditFiltersFrom({ batch: '01abc', span: 'all' })
    expect(auditRequest(batch)).toEqual({ batch: '01abc' })
    expect(auditFiltersFrom(auditQueryOf(batch))).toEqual(batch)
    expect([isID('school1'), isID('01k9abcdefghjkmnpqrstvwxyz')]).toEqual([false, true])
  })
})

it('shows moments in China’s time', () => {
  expect(moment('2026-08-31T16:30:00Z')).toBe('2026-09-01 00:30')
})
