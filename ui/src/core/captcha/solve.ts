import { longestText, sha256 } from './sha256'

/** What the server asks to be found: the number whose SHA-256, after the salt, is the target. */
export interface Challenge {
  salt: string
  target: string
  max_number: number
  token: string
}

/** How long the page may stand still at a time, in milliseconds. */
const breath = 12

/**
 * Tries one number after another, in the page's pauses, so that it stays alive
 * on the slowest phone. Resolves to the number; to null when it was cancelled
 * or there is none.
 */
export async function solve(challenge: Challenge, progress: (done: number) => void, cancelled: () => boolean): Promise<number | null> {
  const { salt, max_number: most } = challenge
  const target = words(challenge.target)
  const text = new Uint8Array(longestText)
  for (let i = 0; i < salt.length; i++) text[i] = salt.charCodeAt(i)
  if (!target || salt.length + String(most).length > longestText) return null
  let number = 0
  while (!cancelled()) {
    const until = performance.now() + breath
    do {
      for (let step = 0; step < 200; step++, number++) {
        if (number > most) return null
        const digits = String(number)
        for (let i = 0; i < digits.length; i++) text[salt.length + i] = digits.charCodeAt(i)
        const hash = sha256(text, salt.length + digits.length)
        if (hash[0] === target[0] && target.every((word, at) => word === hash[at])) return number
      }
    } while (performance.now() < until)
    progress(number / most)
    await pause()
  }
  return null
}

function words(hex: string): number[] | null {
  if (!/^[0-9a-f]{64}$/.test(hex)) return null
  return Array.from({ length: 8 }, (_, i) => parseInt(hex.slice(8 * i, 8 * i + 8), 16) | 0)
}

/** Lets the page draw and answer. A message comes sooner than the shortest timer. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    const channel = new MessageChannel()
    channel.port1.onmessage = () => {
      channel.port1.close()
      resolve()
    }
    channel.port2.postMessage(null)
  })
}
