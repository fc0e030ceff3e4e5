import { answer, api, once } from '@/api/client'
import type { Saved } from '@/core/files'
import type { components } from '@/api/schema'
import type { Nullable } from '@/api/types'

type Schemas = components['schemas']
export type Holder = Schemas['SlipsHolder']
export type Counts = Schemas['SlipsCounts']
export type Overview = Nullable<Schemas['SlipsOverview'], 'class'>
export type ShownSlip = Schemas['SlipsShown']
/** Whose slips: the pupils of a class, or the teachers of a school. */
export type Group = { class_id: string } | { school_id: string }
export interface Order {
  /** Some of the group; everybody who is not activated when empty. */
  entryIds: string[]
  /** End the slips that still work, too. */
  replace: boolean
}
/** A printed file. Its codes stand nowhere else, so it is kept until the page is left. */
export type Printed = Saved

/** Who of a group would get a slip, and whose slip would end by it. */
export function plan(holders: Holder[], entryIds: string[]): { fresh: number; live: number } {
  const chosen = entryIds.length ? holders.filter(({ entry_id }) => entryIds.includes(entry_id)) : holders
  const wanted = chosen.filter((one) => (entryIds.length ? mayHaveSlip(one) : !one.activated))
  const live = wanted.filter(({ state }) => state === 'unused').length
  return { fresh: wanted.length - live, live }
}

/** Whoever is activated with a phone has no use for a slip. */
export const mayHaveSlip = (one: Holder): boolean => !one.activated || one.can_reset

/** How somebody stands, for the eye: an account counts more than what became of the paper. */
export type Standing = 'activated' | 'reset' | 'none' | 'unused' | 'expired' | 'ended'
export function standing(one: Holder): Standing {
  if (one.activated) return one.state === 'unused' ? 'reset' : 'activated'
  return one.state === 'used' ? 'none' : one.state
}

export async function printSlips(group: Group, { entryIds, replace }: Order, key: string): Promise<Printed> {
  const body = { ...group, ...(entryIds.length ? { entry_ids: entryIds } : {}), replace }
  let name = ''
  const { filenameIn } = await import('@/core/files')
  const call = api.POST('/api/v1/slips', { body, headers: once(key), parseAs: 'blob' }).then(({ data, error, response }) => {
    name = filenameIn(response.headers.get('Content-Disposition'), 'slips.pdf')
    return { data: data as Blob | undefined, error, response }
  })
  const content = await answer(call)
  return { name, content }
}
