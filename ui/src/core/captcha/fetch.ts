import type { Challenge } from './solve'

const header = 'Captcha-Solution'
/** A suspicion may grow while one works on it. */
const attempts = 2

/**
 * Fetches, and when the server wants to be sure that no machine is at work does
 * the calculation that it asks for and sends the same request again. Nobody has
 * to do anything; whoever cancels gets the server's refusal.
 */
export async function fetchProving(request: Request): Promise<Response> {
  if (request.method === 'GET') return fetch(request)
  let response = await fetch(request.clone())
  for (let attempt = 0; attempt < attempts; attempt++) {
    const challenge = await challengeOf(response)
    if (!challenge) return response
    const [{ solve }, state] = await Promise.all([import('./solve'), import('./state')])
    const number = await state.telling(() => solve(challenge, (done) => (state.captcha.done = done), state.isCancelled))
    if (number === null) return response
    const again = request.clone()
    again.headers.set(header, `${challenge.token}:${number}`)
    response = await fetch(again)
  }
  return response
}

async function challengeOf(response: Response): Promise<Challenge | null> {
  if (response.status !== 403) return null
  const problem = (await response.clone().json().catch(() => null)) as { code?: string; captcha?: Challenge } | null
  return problem?.code === 'captcha_required' && problem.captcha ? problem.captcha : null
}
