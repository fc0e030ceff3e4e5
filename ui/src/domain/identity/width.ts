/** Full-width letters, digits and signs (what a Chinese keyboard may type) as their plain forms. */
export function halfWidth(text: string): string {
  return text.replace(/[\uff01-\uff5e]/g, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0)).replace(/\u3000/g, ' ')
}

export const isFullWidth = (char: string) => /^[\uff01-\uff5e]$/.test(char)
export const isSpace = (char: string) => /^\s$/u.test(char)
/** Characters as a person counts them: one outside the basic plane is one. */
export const characters = (text: string) => Array.from(text)
