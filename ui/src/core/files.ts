// Imported when a file comes: nothing that everybody loads is to name it.

/** A file that the server answered. */
export interface Saved {
  name: string
  content: Blob
}

/** The name in a Content-Disposition header, or the one to fall back to. */
export function filenameIn(header: string | null, otherwise: string): string {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header ?? '')?.[1]
  if (!encoded) return otherwise
  try {
    return decodeURIComponent(encoded)
  } catch {
    return otherwise
  }
}

/** Hands the file to the browser, which saves it. */
export function save({ name, content }: Saved): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = name
  document.body.append(link)
  link.click()
  link.remove()
  // The browser reads the address after the click; it is let go when it has.
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
