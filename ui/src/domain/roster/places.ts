import { answer, api, everyPage } from '@/api/client'
import type { Region, School, SchoolClass } from '@/api/types'

let regions: Promise<Region[]> | null = null

/** Every division of the province; fetched once, anew after a failure. */
export function allRegions(): Promise<Region[]> {
  regions ??= everyPage((query) => answer(api.GET('/api/v1/regions', { params: { query } })))
  regions.catch(() => (regions = null))
  return regions
}

/** The first schools of a county whose names hold the words. */
export async function schoolsIn(region: string, q: string): Promise<School[]> {
  const query = { limit: 100, ...(region ? { region } : {}), ...(q ? { q } : {}) }
  return (await answer(api.GET('/api/v1/schools', { params: { query } }))).items
}

export async function classesOf(schoolId: string): Promise<SchoolClass[]> {
  return (await answer(api.GET('/api/v1/schools/{id}/classes', { params: { path: { id: schoolId } } }))).items
}
