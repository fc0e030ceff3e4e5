// The texts of the user interface, and those of the server that it shows, so that one flow runs in every language.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type Language = 'zh-CN' | 'en'
type Tree = { [key: string]: string | Tree }

const folder = fileURLToPath(new URL('../../ui/src/locales/', import.meta.url))
const ofServer = fileURLToPath(new URL('../../internal/messages/', import.meta.url))
const catalogues = new Map<Language, Tree>()

/** The text of a key such as account.login.title, or of the server's record.binding.bind, its arguments filled in. */
export function text(language: Language, key: string, args: Record<string, string | number> = {}): string {
  let at: string | Tree | undefined = catalogue(language)
  if (key.startsWith('record.')) at = JSON.parse(readFileSync(`${ofServer}${language}/audit.json`, 'utf8'))[key]
  else for (const part of key.split('.')) at = typeof at === 'object' ? at[part] : undefined
  if (typeof at !== 'string') throw new Error(`no text ${key} in ${language}`)
  return at.replace(/\{(\w+)\}/g, (_, name: string) => String(args[name] ?? `{${name}}`))
}

function catalogue(language: Language): Tree {
  let tree = catalogues.get(language)
  if (!tree) {
    tree = {}
    for (const file of readdirSync(folder + language)) {
      tree[file.replace(/\.json$/, '')] = JSON.parse(readFileSync(`${folder}${language}/${file}`, 'utf8')) as Tree
    }
    catalogues.set(language, tree)
  }
  return tree
}
