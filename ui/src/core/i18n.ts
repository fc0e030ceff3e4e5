import { createI18n } from 'vue-i18n'
import { currentLanguage, keepLanguage, type Language } from './language'

type Messages = Record<string, unknown>

// Chinese is at hand from the start; what only administrators read, and all
// English, is fetched when it is wanted. A file's name is the subject: the key
// `admin.title` stands in admin.json as "title".
const bundled = import.meta.glob<Messages>(['../locales/zh-CN/*.json', '!../locales/zh-CN/admin*.json'], { eager: true, import: 'default' })
const chinese = import.meta.glob<Messages>('../locales/zh-CN/admin*.json', { import: 'default' })
const english = import.meta.glob<Messages>('../locales/en/*.json', { import: 'default' })

const subjectOf = (path: string) => path.replace(/^.*\/|\.json$/g, '')

export const i18n = createI18n({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  missingWarn: false,
  fallbackWarn: false,
  messages: { 'zh-CN': Object.fromEntries(Object.entries(bundled).map(([path, text]) => [subjectOf(path), text])), en: {} },
})

const isAdministration = (path: string) => subjectOf(path).startsWith('admin')
let administration = false
const loaded = new Set<string>()

async function load(language: Language): Promise<void> {
  const files = language === 'en' ? english : chinese
  const wanted = Object.keys(files).filter((path) => !loaded.has(path) && (administration || !isAdministration(path)))
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

/** Fetches the administration's texts (locales' admin*.json) in the current language; called by its layout's route. */
export async function loadAdministrationTexts(): Promise<void> {
  administration = true
  await load(currentLanguage())
}

/** For code outside components. */
export const t = (key: string, values: Record<string, unknown> = {}): string => i18n.global.t(key, values)
