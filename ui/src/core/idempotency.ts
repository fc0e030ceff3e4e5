/** A key no other request has. Works where the page is not a secure context, too. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export interface Keys {
  keyFor(content: unknown): string
  settled(): void
}

/**
 * One key per content: the same content sent again before its outcome is known
 * carries the same key, so that the server does the work once. A known outcome
 * ends the key, and other content gets another.
 */
export class KeyPerContent implements Keys {
  private content = ''
  private key = ''

  keyFor(content: unknown): string {
    const now = JSON.stringify(content)
    if (!this.key || now !== this.content) {
      this.content = now
      this.key = newKey()
    }
    return this.key
  }

  settled(): void {
    this.key = ''
  }
}

/**
 * The same, kept in this tab through a reload, for what must not happen twice
 * even then. Members that may not be kept (a password) do not count as content.
 */
export class KeptKeyPerContent implements Keys {
  constructor(
    private readonly place: string,
    private readonly secret: string[],
  ) {}

  keyFor(content: unknown): string {
    const now = JSON.stringify(content, (name, value) => (this.secret.includes(name) ? undefined : value))
    const [key, of] = JSON.parse(sessionStorage.getItem(this.place) ?? '["",""]') as [string, string]
    if (key && of === now) return key
    const fresh = newKey()
    sessionStorage.setItem(this.place, JSON.stringify([fresh, now]))
    return fresh
  }

  settled(): void {
    sessionStorage.removeItem(this.place)
  }
}
