import { renewSession } from '@/api/client'
import { NetworkTrouble, problemFrom } from '@/core/errors'
import { currentLanguage } from '@/core/language'

export interface Upload<T> {
  /** Resolves to the answer; throws a Problem, a NetworkTrouble, or an Abandoned. */
  answer: Promise<T>
  abandon: () => void
}

/** The person stopped the upload. */
export class Abandoned extends Error {}

/**
 * Sends a form with its file and tells how much has left, from 0 to 1. Fetch
 * cannot tell that, so this is XMLHttpRequest.
 */
export function upload<T>(path: string, form: FormData, progress: (share: number) => void, key?: string, method = 'POST'): Upload<T> {
  const request = new XMLHttpRequest()
  const answer = new Promise<T>((resolve, reject) => {
    const send = () => {
      request.open(method, path)
      request.setRequestHeader('Accept', 'application/json')
      request.setRequestHeader('Accept-Language', currentLanguage())
      if (key) request.setRequestHeader('Idempotency-Key', key)
      request.send(form)
    }
    request.upload.onprogress = (event) => event.lengthComputable && event.total > 0 && progress(event.loaded / event.total)
    request.onload = () => {
      const body = parsed(request.responseText)
      if (request.status >= 200 && request.status < 300) return resolve(body as T)
      const problem = problemFrom(request.status, body, headersOf(request))
      if (problem.code !== 'unauthenticated') return reject(problem)
      void renewSession().then((renewed) => (renewed ? send() : reject(problem)))
    }
    request.onerror = request.ontimeout = () => reject(new NetworkTrouble())
    request.onabort = () => reject(new Abandoned())
    send()
  })
  return { answer, abandon: () => request.abort() }
}

function headersOf(request: XMLHttpRequest): Headers {
  const headers = new Headers()
  for (const name of ['Retry-After', 'X-Request-Id']) {
    const value = request.getResponseHeader(name)
    if (value) headers.set(name, value)
  }
  return headers
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
