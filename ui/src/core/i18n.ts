import { createI18n } from 'vue-i18n'
import { currentLanguage, keepLanguage, type Language } from './language'

type Messages = Record<string, unknown>

/** How far into the product somebody has come; each depth brings its texts. */
export type Depth = 'entry' | 'member' | 'administration'
const depths: Depth[] = ['entry', 'member', 'administration']

// What strangers read is at hand in Chinese from the start; the rest, and all
// English, is fetched when a page wants it, a depth at once: each file that the
// entry names by itself would make it larger. A file's name is the subject: the
// key `admin.title` stands in admin.json as "title".
const bundled = import.meta.glob<Messages>('../locales/zh-CN/{common,account,home}.json', { eager: true, import: 'default' })
const fetched: Record<Language, Partial<Record<Depth, () => Promise<{ default: Record<string, Messages> }>>>> = {
  'zh-CN': { member: () => import('./texts/zh-CN-member'), administration: () => import('./texts/zh-CN-administration') },
  en: { entry: () => import('./texts/en-entry'), member: () => import('./texts/en-member'), administration: () => import('./texts/en-administration') },
}

const subjectOf = (path: string) => path.replace(/^.*\/|\.json$/g, '')

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  missingWarn: false,
  fallbackWarn: false,
  messages: { 'zh-CN': Object.fromEntries(Object.entries(bundled).map(([path, text]) => [subjectOf(path), text])), en: {} },
})

let reached = 0
const loaded = new Set<string>()

async function load(language: Language): Promise<void> {
  const wanted = depths.slice(0, reached + 1).filter((depth) => fetched[language][depth] && !loaded.has(`${language} ${depth}`))
  const texts = await Promise.all(wanted.map((depth) => fetched[language][depth]!()))
  wanted.forEach((depth, at) => {
    loaded.add(`${language} ${depth}`)
    for (const [path, text] of Object.entries(texts[at].default)) i18n.global.mergeLocaleMessage(language, { [subjectOf(path)]: text })
  })
}

/** Shows every text in the language, and keeps the choice. */
export async function useLanguage(language: Language): Promise<void> {
  await load(language)
  keepLanguage(language)
  i18n.global.locale.value = language
  document.documentElement.lang = language
}

/** Fetches the texts of a depth, and of those before it, in the current language. */
export async function loadTexts(depth: Depth): Promise<void> {
  reached = Math.max(reached, depths.indexOf(depth))
  await load(currentLanguage())
}

/** For code outside components. */
export const t = (key: string, values: Record<string, unknown> = {}): string => i18n.global.t(key, values)
export const te = (key: string): boolean => i18n.global.te(key)
