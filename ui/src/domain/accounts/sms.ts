import { computed, onScopeDispose, reactive, ref, watch, type Ref } from 'vue'
import { answer, api, once } from '@/api/client'
import { useCountdown } from '@/core/countdown'
import { useSubmit } from '@/core/submit'
import { plainPhone } from './phone'
import type { SentCode } from './registration'

export type SmsPurpose = 'register' | 'bind_phone' | 'change_phone' | 'reset_password' | 'recover_account' | 'recovery_contact' | 'close_account'
export type MessageState = 'queued' | 'sent' | 'delivered' | 'failed'

/** What is known of a message's way. `withheld`: whether one was sent at all is told to nobody who may not know whose phone it is. */
export type MessageNews = MessageState | 'unknown' | 'withheld'

/** Codes for these go only to a phone that is bound to an account, and the answer is the same for every other. */
const withheld: SmsPurpose[] = ['reset_password']

export function newsOf(purpose: SmsPurpose, state: MessageState | null): MessageNews {
  if (!state) return 'unknown'
  return state === 'sent' && withheld.includes(purpose) ? 'withheld' : state
}

const pollEvery = 2000
const pollAtMost = 60
const lookEvery = 10_000

/** Whether codes can be sent now (F-13). Looks again while they cannot. */
export function useGateway() {
  const busy = ref(false)
  let timer = 0
  async function look() {
    window.clearTimeout(timer)
    try {
      busy.value = (await answer(api.GET('/api/v1/sms-gateway'))).state === 'busy'
    } catch {
      // What is not known is not said.
    }
    if (busy.value) timer = window.setTimeout(() => void look(), lookEvery)
  }
  onScopeDispose(() => window.clearTimeout(timer))
  void look()
  return { busy, look }
}

/**
 * Sends a code to a phone and follows the message on its way (F-13). `sent`
 * belongs to the caller, who may keep it through a reload. A number that is
 * typed anew after another has its own message and its own wait back.
 */
export function useSmsCode(purpose: SmsPurpose, phone: Ref<string>, sent: Ref<SentCode | null>) {
  const state = ref<MessageState | null>(null)
  const reason = ref('')
  /** Seconds for which a request that waits still stands. */
  const standsFor = ref(0)
  const gateway = useGateway()
  const plain = computed(() => plainPhone(phone.value))
  /** The message last sent to each number, and until when each may not have another. */
  const messages = new Map<string, SentCode>()
  const waits = reactive(new Map<string, { until: number; refused: boolean }>())
  const cooldown = useCountdown()
  const validity = useCountdown()
  let timer = 0
  let polls = 0

  const request = useSubmit((body: { phone: string; purpose: SmsPurpose; wait?: boolean }, key: string) =>
    answer(api.POST('/api/v1/sms-codes', { body, headers: once(key) })),
  )

  async function poll(id: string) {
    try {
      const told = await answer(api.GET('/api/v1/sms-messages/{message_id}', { params: { path: { message_id: id } } }))
      if (sent.value?.messageId !== id) return
      if (told.state === 'failed' && state.value !== 'failed') void gateway.look()
      state.value = told.state
      reason.value = told.reason ?? ''
      standsFor.value = told.waits_for ?? 0
      if (sent.value.waiting && !told.waiting) {
        // A code's time begins when it is sent.
        sent.value.expiresAt = Date.now() + told.expires_in * 1000
        validity.startUntil(sent.value.expiresAt)
      }
      sent.value.waiting = told.waiting
    } catch {
      // The next look may succeed; a message whose state is unknown is not shown as failed.
    }
    if (state.value === 'delivered' || state.value === 'failed' || (!sent.value?.waiting && ++polls >= pollAtMost)) return
    timer = window.setTimeout(() => void poll(id), pollEvery)
  }

  watch(
    sent,
    (message) => {
      window.clearTimeout(timer)
      state.value = null
      reason.value = ''
      standsFor.value = polls = 0
      if (!message) {
        messages.clear()
        return
      }
      messages.set(message.phone, message)
      waits.set(message.phone, { until: message.resendAt, refused: false })
      validity.startUntil(message.expiresAt)
      if (message.waiting || message.expiresAt > Date.now()) void poll(message.messageId)
    },
    { immediate: true },
  )
  onScopeDispose(() => window.clearTimeout(timer))

  watch(plain, (typed) => {
    const before = messages.get(typed)
    if (before && sent.value && sent.value.phone !== typed) sent.value = before
  })
  watch([plain, () => waits.get(plain.value)?.until ?? 0], ([, until]) => cooldown.startUntil(until), { immediate: true })

  let to = ''
  /** Answers whether a code was sent. `wait` leaves the request standing while no gateway takes messages. */
  function send(wait = false) {
    to = plain.value
    return finish(request.submit({ phone: to, purpose, ...(wait ? { wait } : {}) }))
  }
  /** Sends what was asked for last once more. */
  const retry = () => finish(request.retry())

  async function finish(asked: ReturnType<typeof request.submit>): Promise<boolean> {
    const told = await asked
    if (told) {
      const now = Date.now()
      sent.value = {
        messageId: told.message_id,
        phone: to,
        resendAt: now + told.resend_after * 1000,
        expiresAt: now + told.expires_in * 1000,
        remainingToday: told.remaining_today,
        waiting: told.waiting,
      }
      return true
    }
    const trouble = request.trouble.value
    if (trouble?.kind === 'problem' && trouble.code === 'sms_cooldown') waits.set(to, { until: Date.now() + trouble.retryAfter * 1000, refused: true })
    if (trouble?.kind === 'problem' && trouble.code === 'sms_gateway_busy') void gateway.look()
    return false
  }

  /** Whether the message shown went to the number that stands in the field. */
  const current = computed(() => sent.value !== null && sent.value.phone === plain.value)
  /** Whether a code was refused to this number because it had one a moment ago, from this page or another. */
  const refused = computed(() => cooldown.left.value > 0 && waits.get(plain.value)?.refused === true)
  const news = computed(() => newsOf(purpose, state.value))
  const waiting = computed(() => current.value && sent.value?.waiting === true && state.value !== 'failed')
  const expired = computed(() => current.value && !sent.value?.waiting && validity.left.value === 0)
  return { request, send, retry, news, reason, standsFor, current, refused, waiting, expired, wait: cooldown.left, gatewayBusy: gateway.busy }
}
