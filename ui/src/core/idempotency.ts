/** A key no other request has. Works where the page is not a secure context, too. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/**
 * One key per content: the same content sent again before its outcome is known
 * carries the same key, so that the server does the work once. A known outcome
 * ends the key, and other content gets another.
 */
export class KeyPerContent {
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
