// The texts of the user interface, so that one flow runs in every language.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export type Language = 'zh-CN' | 'en'
type Tree = { [key: string]: string | Tree }

const folder = fileURLToPath(new URL('../../ui/src/locales/', import.meta.url))
const catalogues = new Map<Language, Tree>()

/** The text of a key such as account.login.title, its arguments filled in. */
export function text(language: Language, key: string, args: Record<string, string | number> = {}): string {
  let at: string | Tree | undefined = catalogue(language)
  for (const part of key.split('.')) at = typeof at === 'object' ? at[part] : undefined
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
