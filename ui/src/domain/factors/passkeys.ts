import { Problem } from '@/core/errors'
import { t } from '@/core/i18n'

// Passkeys speak in bytes, the API in base64url.
function bytesOf(text: string): ArrayBuffer {
  const plain = atob(text.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer
}
function textOf(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
}

interface Descriptor { id: string; type: 'public-key'; transports?: AuthenticatorTransport[] }
interface Asked {
  publicKey: Record<string, unknown> & { challenge: string; user?: { id: string }; excludeCredentials?: Descriptor[]; allowCredentials?: Descriptor[] }
}

const named = (list: Descriptor[] = []) => list.map((one) => ({ ...one, id: bytesOf(one.id) }))

/** Whether this browser, at this address, knows passkeys: only names have them, and only where nobody listens. */
export function passkeysWork(): boolean {
  return typeof PublicKeyCredential !== 'undefined' && window.isSecureContext && !/^[\d.]+$|:/.test(location.hostname)
}

/** Lets the person choose a device; a problem with words when nothing came of it. */
async function ceremony(run: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let made: Credential | null
  try {
    made = await run()
  } catch (thrown) {
    const known = thrown instanceof DOMException && thrown.name === 'InvalidStateError' ? 'known' : 'cancelled'
    throw new Problem(0, `passkey_${known}`, t(`factors.passkey.${known}_title`), t(`factors.passkey.${known}_detail`))
  }
  if (!made) throw new Problem(0, 'passkey_cancelled', t('factors.passkey.cancelled_title'), t('factors.passkey.cancelled_detail'))
  return made as PublicKeyCredential
}

const common = (made: PublicKeyCredential) => ({ id: made.id, rawId: textOf(made.rawId), type: made.type, clientExtensionResults: {} })

/** Makes a passkey on a device of the person's choice. */
export async function makePasskey(options: unknown): Promise<unknown> {
  const { publicKey } = options as Asked
  const made = await ceremony(() => navigator.credentials.create({
    publicKey: {
      ...publicKey,
      challenge: bytesOf(publicKey.challenge),
      user: { ...publicKey.user, id: bytesOf(publicKey.user?.id ?? '') },
      excludeCredentials: named(publicKey.excludeCredentials),
    } as unknown as PublicKeyCredentialCreationOptions,
  }))
  const response = made.response as AuthenticatorAttestationResponse
  return { ...common(made), response: { clientDataJSON: textOf(response.clientDataJSON), attestationObject: textOf(response.attestationObject) } }
}

/** Has a passkey sign what the server asks. */
export async function askPasskey(options: unknown): Promise<unknown> {
  const { publicKey } = options as Asked
  const made = await ceremony(() => navigator.credentials.get({
    publicKey: { ...publicKey, challenge: bytesOf(publicKey.challenge), allowCredentials: named(publicKey.allowCredentials) } as unknown as PublicKeyCredentialRequestOptions,
  }))
  const response = made.response as AuthenticatorAssertionResponse
  return {
    ...common(made),
    response: {
      clientDataJSON: textOf(response.clientDataJSON),
      authenticatorData: textOf(response.authenticatorData),
      signature: textOf(response.signature),
      ...(response.userHandle ? { userHandle: textOf(response.userHandle) } : {}),
    },
  }
}

/** How somebody may know this device by, as the browser tells. */
export function thisDevice(): string {
  const agent = navigator.userAgent
  const known = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'android'], ['Windows', 'windows'], ['Mac OS', 'mac']].find(([mark]) => agent.includes(mark))
  return t(`factors.passkey.device.${known?.[1] ?? 'other'}`)
}
