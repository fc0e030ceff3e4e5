export type Language = 'zh-CN' | 'en'
const kept = 'caotang.language'

/** The chosen language, else the first the browser asks for that we speak, else Chinese. */
export function chooseLanguage(stored: string | null, wanted: readonly string[]): Language {
  if (stored === 'zh-CN' || stored === 'en') return stored
  for (const tag of wanted) {
    if (/^zh\b/i.test(tag)) return 'zh-CN'
    if (/^en\b/i.test(tag)) return 'en'
  }
  return 'zh-CN'
}

let language: Language | undefined

export function currentLanguage(): Language {
  language ??= chooseLanguage(read(), navigator.languages ?? [navigator.language])
  return language
}

export function keepLanguage(next: Language): void {
  language = next
  try {
    localStorage.setItem(kept, next)
  } catch {
    // A browser that keeps nothing still shows the language until it is closed.
  }
}

function read(): string | null {
  try {
    return localStorage.getItem(kept)
  } catch {
    return null
  }
}
