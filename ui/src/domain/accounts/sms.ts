import { computed, onScopeDispose, ref, watch, type Ref } from 'vue'
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

/**
 * Sends a code to a phone and follows the message on its way (F-13). `sent`
 * belongs to the caller, who may keep it through a reload.
 */
export function useSmsCode(purpose: SmsPurpose, phone: Ref<string>, sent: Ref<SentCode | null>) {
  const state = ref<MessageState | null>(null)
  const reason = ref('')
  const cooldown = useCountdown()
  const validity = useCountdown()
  let timer = 0
  let polls = 0

  const request = useSubmit((body: { phone: string; purpose: SmsPurpose }, key: string) =>
    answer(api.POST('/api/v1/sms-codes', { body, headers: once(key) })),
  )

  async function poll(id: string) {
    try {
      const told = await answer(api.GET('/api/v1/sms-messages/{message_id}', { params: { path: { message_id: id } } }))
      if (sent.value?.messageId !== id) return
      state.value = told.state
      reason.value = told.reason ?? ''
    } catch {
      // The next look may succeed; a message whose state is unknown is not shown as failed.
    }
    if (state.value === 'delivered' || state.value === 'failed' || ++polls >= pollAtMost) return
    timer = window.setTimeout(() => void poll(id), pollEvery)
  }

  watch(
    sent,
    (message) => {
      window.clearTimeout(timer)
      state.value = null
      reason.value = ''
      polls = 0
      if (!message) return
      cooldown.startUntil(message.resendAt)
      validity.startUntil(message.expiresAt)
      if (message.expiresAt > Date.now()) void poll(message.messageId)
    },
    { immediate: true },
  )
  onScopeDispose(() => window.clearTimeout(timer))

  async function send() {
    const to = plainPhone(phone.value)
    const told = await request.submit({ phone: to, purpose })
    if (told) {
      const now = Date.now()
      sent.value = {
        messageId: told.message_id,
        phone: to,
        resendAt: now + told.resend_after * 1000,
        expiresAt: now + told.expires_in * 1000,
        remainingToday: told.remaining_today,
      }
      return
    }
    const trouble = request.trouble.value
    if (trouble?.kind === 'problem' && trouble.code === 'sms_cooldown') cooldown.start(trouble.retryAfter)
  }

  /** Whether the message shown went to the number that stands in the field. */
  const current = computed(() => sent.value !== null && sent.value.phone === plainPhone(phone.value))
  const expired = computed(() => current.value && validity.left.value === 0)
  const news = computed(() => newsOf(purpose, state.value))
  return { request, send, news, reason, current, expired, wait: cooldown.left }
}
