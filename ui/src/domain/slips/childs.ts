/** The code of a child's slip that a guardian goes on with: kept in this page's memory alone, never in an address or the history. */
let kept = ''

export function keepChildsCode(code: string): void {
  kept = code
}

/** The code that was kept, once. */
export function takeChildsCode(): string {
  const code = kept
  kept = ''
  return code
}
