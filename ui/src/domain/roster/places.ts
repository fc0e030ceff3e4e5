import { answer, api, everyPage } from '@/api/client'
import type { Region, School, SchoolClass } from '@/api/types'

let regions: Promise<Region[]> | null = null

/** Every division of the province; fetched once, anew after a failure. */
export function allRegions(): Promise<Region[]> {
  regions ??= everyPage((query) => answer(api.GET('/api/v1/regions', { params: { query } })))
  regions.catch(() => (regions = null))
  return regions
}

/** Where a school lies, to tell schools of one name apart: the city and the county. Empty while the divisions are not known. */
export function placeOf(regions: Region[], code: string): string {
  const region = regions.find((one) => one.code === code)
  const city = regions.find((one) => one.code === region?.parent && one.level === 'city')
  return [city?.name, region?.name].filter(Boolean).join(' ')
}

/** A school's name with where it lies. */
export const withPlace = (name: string, place: string): string => (place ? `${name} · ${place}` : name)

/** The first schools of a county whose names hold the words. */
export async function schoolsIn(region: string, q: string): Promise<School[]> {
  const query = { limit: 100, ...(region ? { region } : {}), ...(q ? { q } : {}) }
  return (await answer(api.GET('/api/v1/schools', { params: { query } }))).items
}

export async function classesOf(schoolId: string): Promise<SchoolClass[]> {
  return (await answer(api.GET('/api/v1/schools/{id}/classes', { params: { path: { id: schoolId } } }))).items
}
