import type { Grant, Region } from '@/api/types'

const heights: Grant['level'][] = ['province', 'city', 'county', 'school', 'service']

/** The grants by which somebody administers; customer service only helps, and decides about lost accounts. */
const administered = (grants: Grant[]): Grant[] => grants.filter(({ level }) => level !== 'service')

/** Whether somebody is customer service and administers nothing. */
export const onlyService = (grants: Grant[]): boolean => grants.length > 0 && administered(grants).length === 0

/** The widest grants, each scope once; the others add nothing to what is shown. */
export function widestFirst(grants: Grant[]): Grant[] {
  return [...grants].sort((one, other) => heights.indexOf(one.level) - heights.indexOf(other.level))
}

/** The school of somebody who administers just one; null when there is a choice to make. */
export function onlySchool(grants: Grant[]): { id: string; name: string } | null {
  const [grant] = grants
  return grants.length === 1 && grant.level === 'school' ? { id: grant.scope_id, name: grant.scope_name } : null
}

/** The schools that are granted by themselves. */
export function grantedSchools(grants: Grant[]): { id: string; name: string }[] {
  return grants.filter((grant) => grant.level === 'school').map((grant) => ({ id: grant.scope_id, name: grant.scope_name }))
}

/** The part of a division's code that everything within it shares (GB/T 2260: two digits province, two city, two county). */
const prefixOf = (code: string) => code.replace(/(00){1,2}$/, '')

/** Whether a region's code lies within what is granted, or holds it (and so leads to it). */
export function regionOffered(code: string, grants: Grant[]): boolean {
  return administered(grants).some((grant) => grant.level !== 'school' && (code.startsWith(prefixOf(grant.scope_id)) || grant.scope_id.startsWith(prefixOf(code))))
}

/** Whether all of the region lies within what is granted. */
export function regionGranted(code: string, grants: Grant[]): boolean {
  return administered(grants).some((grant) => grant.level !== 'school' && code.startsWith(prefixOf(grant.scope_id)))
}

/** Whether somebody may add and rename schools: administrators of a county and above. */
export const managesSchools = (grants: Grant[]): boolean => administered(grants).some(({ level }) => level !== 'school')

/** Whether somebody may see how messages fare: gateways serve the whole province. */
export const watchesMessages = (grants: Grant[]): boolean => grants.some(({ level }) => level === 'province')

/** Whose a page of the administration is; administrators' of every level where it does not say. */
export type Whose = 'everyone' | 'administrators' | 'offices' | 'province'

/** Whether somebody may open a page. */
export function mayOpen(grants: Grant[], whose: Whose = 'administrators'): boolean {
  if (whose === 'province') return watchesMessages(grants)
  if (whose === 'offices') return managesSchools(grants)
  return whose === 'everyone' || !onlyService(grants)
}

/** The division that holds the most of what is granted; '' for administrators of schools alone. */
export const widestRegion = (grants: Grant[]): string => widestFirst(administered(grants)).find(({ level }) => level !== 'school')?.scope_id ?? ''

/** A city as a heading with the counties that are granted; `whole` when all of it is. */
export interface OfferedCity extends Region {
  whole: boolean
  counties: Region[]
}

/** What an administrator may choose among. A county's name alone may be ambiguous (城关区): cities stand as headings. */
export function offeredRegions(regions: Region[], grants: Grant[]): OfferedCity[] {
  const seen = regions.filter(({ code, level }) => level !== 'province' && regionOffered(code, grants))
  return seen
    .filter(({ level }) => level === 'city')
    .map((city) => ({
      ...city,
      whole: regionGranted(city.code, grants),
      counties: seen.filter(({ parent, code }) => parent === city.code && regionGranted(code, grants)),
    }))
    .filter(({ whole, counties }) => whole || counties.length > 0)
}
