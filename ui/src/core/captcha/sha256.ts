// SHA-256 of short ASCII texts. The browser's own is there only on pages served over HTTPS, and takes longer to call than a
// hash takes to compute.

const rounds = roundConstants()
const schedule = new Int32Array(64)
/** The hash of the last call, as eight words. */
const state = new Int32Array(8)
/** One block is enough: this many characters at most. */
export const longestText = 55

function roundConstants(): Int32Array {
  const constants = new Int32Array(64)
  let found = 0
  for (let n = 2; found < 64; n++) {
    let prime = true
    for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0
    if (prime) constants[found++] = fraction(Math.pow(n, 1 / 3))
  }
  return constants
}

/** The first 32 bits behind the point. */
function fraction(x: number): number {
  return ((x - Math.floor(x)) * 0x100000000) | 0
}

const start = Int32Array.from([2, 3, 5, 7, 11, 13, 17, 19], (prime) => fraction(Math.sqrt(prime)))

/** Hashes the first `length` bytes of `text`; answers eight words, valid until the next call. */
export function sha256(text: Uint8Array, length: number): Int32Array {
  const w = schedule
  for (let i = 0; i < 16; i++) w[i] = 0
  for (let i = 0; i < length; i++) w[i >> 2] |= text[i] << (24 - 8 * (i & 3))
  w[length >> 2] |= 0x80 << (24 - 8 * (length & 3))
  w[15] = length * 8
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]
    const y = w[i - 2]
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0
  }
  let a = start[0], b = start[1], c = start[2], d = start[3], e = start[4], f = start[5], g = start[6], h = start[7] // no iterator in what must be fast
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + rounds[i] + w[i]) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = start[0] + a
  state[1] = start[1] + b
  state[2] = start[2] + c
  state[3] = start[3] + d
  state[4] = start[4] + e
  state[5] = start[5] + f
  state[6] = start[6] + g
  state[7] = start[7] + h
  return state
}
