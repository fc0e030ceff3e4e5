import { answer, api } from '@/api/client'
import type { Factors, FactorProof } from '@/api/types'
import { halfWidth } from '../identity/width'
import { passkeysWork, askPasskey } from './passkeys'

/** How somebody shows their second factor. */
export type Method = 'passkey' | 'authenticator' | 'recovery'

/** The ways to prove oneself with the kinds that an account has, the easiest first. Recovery codes always come with them. */
export function methodsOf(kinds: string[], passkeys = passkeysWork()): Method[] {
  return [...(kinds.includes('passkey') && passkeys ? ['passkey' as const] : []), ...(kinds.includes('authenticator') ? ['authenticator' as const] : []), 'recovery']
}

export const kindsOf = (factors: Factors): string[] => [...(factors.authenticator ? ['authenticator'] : []), ...(factors.passkeys.length ? ['passkey'] : [])]

/** A code as it is meant: a Chinese keyboard's digits made plain; the app's codes are six digits and nothing else. */
export function plainCode(method: Method, typed: string): string {
  const plain = halfWidth(typed)
  return method === 'authenticator' ? plain.replace(/\D/g, '').slice(0, 6) : plain
}

/** Whether a code can be sent. A passkey needs none. */
export function codeFits(method: Method, code: string): boolean {
  if (method === 'passkey') return true
  return method === 'authenticator' ? /^\d{6}$/.test(code) : code.replace(/[\s-]/g, '').length === 10
}

/** What is sent as proof. Of a passkey the device is asked first, for the sign-in whose ticket it is or for one's own session. */
export async function proofFor(method: Method, code: string, ticket?: string): Promise<FactorProof> {
  if (method !== 'passkey') return { code }
  const asked = await answer(api.POST('/api/v1/passkey-challenges', { body: ticket ? { ticket } : {} }))
  return { passkey: { challenge_id: asked.challenge_id, credential: await askPasskey(asked.options) } }
}
