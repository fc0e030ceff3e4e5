/** What the person may do next, as the server says it. */
export interface NextStep {
  action: string
  label: string
  href?: string
}

export interface FieldError {
  field: string
  code: string
  message: string
}

/** A problem document (RFC 9457) that the server answered. */
export class Problem extends Error {
  readonly kind = 'problem'
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly fields: FieldError[] = [],
    readonly nextStep: NextStep | null = null,
    /** Seconds to wait before trying again; 0 when not told. */
    readonly retryAfter = 0,
    readonly requestId = '',
    /** The document's other members, e.g. the holder on `already_bound`. */
    readonly more: Record<string, unknown> = {},
  ) {
    super(detail || title || code)
  }
}

/** No answer came: the network is away, or the server is. */
export class NetworkTrouble extends Error {
  readonly kind = 'network'
}

export type Trouble = Problem | NetworkTrouble

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Only paths of our own may be followed; anything else is no link. */
export function ownPath(href: unknown): string | undefined {
  return typeof href === 'string' && /^\/(?![/\\])/.test(href) ? href : undefined
}

/** Reads a refused answer. A body that is no problem document (a proxy's page) is told by its status alone. */
export function problemFrom(status: number, body: unknown, headers: Headers): Problem {
  const { title, detail, code, fields, next_step, request_id, ...more } = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const step = next_step as Record<string, unknown> | undefined
  return new Problem(
    status,
    text(code) || codeOfStatus(status),
    text(title),
    text(detail),
    Array.isArray(fields)
      ? fields.map((one) => ({ field: text(one?.field), code: text(one?.code), message: text(one?.message) }))
      : [],
    step && text(step.action) ? { action: text(step.action), label: text(step.label), href: ownPath(step.href) } : null,
    secondsOf(headers.get('Retry-After')),
    text(request_id) || headers.get('X-Request-Id') || '',
    more,
  )
}

function secondsOf(header: string | null): number {
  if (!header) return 0
  if (/^\d+$/.test(header)) return Number(header)
  const at = Date.parse(header)
  return Number.isNaN(at) ? 0 : Math.max(0, Math.ceil((at - Date.now()) / 1000))
}

function codeOfStatus(status: number): string {
  if (status === 401) return 'unauthenticated'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'not_found'
  if (status === 413) return 'payload_too_large'
  if (status === 502 || status === 503 || status === 504) return 'server_busy'
  return 'internal'
}

/** Whether the same request may simply be sent again; a captcha that was cancelled is then done after all. */
export function mayRetry(trouble: Trouble): boolean {
  return trouble.kind === 'network' || trouble.status >= 500 || trouble.code === 'captcha_required'
}

/** The messages that belong beside one field, by the field's name. */
export function fieldMessages(trouble: Trouble | null): Record<string, string> {
  if (trouble?.kind !== 'problem') return {}
  const messages: Record<string, string> = {}
  for (const { field, message } of trouble.fields) {
    if (!message) continue
    messages[field] = messages[field] ? `${messages[field]} ${message}` : message
  }
  return messages
}

/** Makes a trouble of whatever was thrown; a fault of our own is told as a problem without an answer. */
export function troubleFrom(thrown: unknown): Trouble {
  if (thrown instanceof Problem || thrown instanceof NetworkTrouble) return thrown
  console.error(thrown)
  return new Problem(0, 'internal', '', '')
}
