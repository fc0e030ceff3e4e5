import { createI18n } from 'vue-i18n'
import { currentLanguage, keepLanguage, type Language } from './language'

type Messages = Record<string, unknown>

/** How far into the product somebody has come; each depth brings its texts. */
export type Depth = 'entry' | 'member' | 'administration'
const depths: Depth[] = ['entry', 'member', 'administration']

// What strangers read is at hand in Chinese from the start; the rest, and all
// English, is fetched when a page wants it. A file's name is the subject: the
// key `admin.title` stands in admin.json as "title".
const bundled = import.meta.glob<Messages>('../locales/zh-CN/{common,account,home}.json', { eager: true, import: 'default' })
const chinese = import.meta.glob<Messages>(['../locales/zh-CN/*.json', '!../locales/zh-CN/{common,account,home}.json'], { import: 'default' })
const english = import.meta.glob<Messages>('../locales/en/*.json', { import: 'default' })

const subjectOf = (path: string) => path.replace(/^.*\/|\.json$/g, '')

function depthOf(path: string): Depth {
  const subject = subjectOf(path)
  if (subject.startsWith('admin')) return 'administration'
  return ['common', 'account', 'home'].includes(subject) ? 'entry' : 'member'
}

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
  const files = language === 'en' ? english : chinese
  const wanted = Object.keys(files).filter((path) => !loaded.has(path) && depths.indexOf(depthOf(path)) <= reached)
  const texts = await Promise.all(wanted.map((path) => files[path]()))
  wanted.forEach((path, at) => {
    loaded.add(path)
    i18n.global.mergeLocaleMessage(language, { [subjectOf(path)]: texts[at] })
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
