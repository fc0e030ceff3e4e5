import type { Region } from '@/api/types'
import { plainDocumentNumber } from '@/domain/identity/documents'

/** Why a text is no school code (学校标识码, 10 digits); `short` is no mistake yet while somebody types. */
export function schoolCodeFault(text: string): 'empty' | 'short' | 'long' | 'characters' | null {
  const code = plainDocumentNumber(text)
  if (!code) return 'empty'
  if (!/^\d+$/.test(code)) return 'characters'
  return code.length < 10 ? 'short' : code.length > 10 ? 'long' : null
}

/** A county with its city, as 成都市 武侯区; the code while its name is not known. */
export function regionName(regions: Region[], code: string): string {
  const county = regions.find((region) => region.code === code)
  const city = regions.find((region) => region.code === county?.parent && region.level === 'city')
  return county ? [city?.name, county.name].filter(Boolean).join(' ') : code
}
