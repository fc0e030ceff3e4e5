import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { h, type SetupContext } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { i18n } from '@/core/i18n'
import type { SentCode } from '@/domain/accounts/registration'
import PhoneCode from '@/faces/web/components/PhoneCode.vue'

const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: { template: '<i />' } }] })
const ElButton = (props: { disabled?: boolean }, { slots }: SetupContext) => h('button', { disabled: props.disabled }, slots.default?.())
ElButton.props = ['disabled', 'loading']
const ElInput = (props: { modelValue: string; name: string }, { emit }: SetupContext<['update:modelValue']>) =>
  h('input', { name: props.name, value: props.modelValue, onInput: (event: Event) => emit('update:modelValue', (event.target as HTMLInputElement).value) })
ElInput.props = ['modelValue', 'name']
ElInput.emits = ['update:modelValue']

const reply = (status: number, body: object, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json', ...headers } })
/** What the server says to the next request for a code; an Error is a cut line. */
let next: () => Response
let asked: string[]

function open() {
  const wrapper = mount(PhoneCode, {
    props: {
      purpose: 'register' as const, phone: '', code: '', sent: null as SentCode | null,
      'onUpdate:phone': (phone: string) => wrapper.setProps({ phone }),
      'onUpdate:code': (code: string) => wrapper.setProps({ code }),
      'onUpdate:sent': (sent: SentCode | null) => wrapper.setProps({ sent }),
    },
    global: { plugins: [i18n, router], components: { ElButton, ElInput } },
  })
  const type = (name: string, words: string) => wrapper.get(`input[name="${name}"]`).setValue(words)
  const button = () => wrapper.get('.code-row button')
  const press = async (selector = '.code-row button') => {
    await wrapper.get(selector).trigger('click')
    await flushPromises()
  }
  return { wrapper, type, press, button }
}

describe('a code by SMS', () => {
  beforeEach(() => {
    asked = []
    next = () => reply(202, { message_id: `m${asked.length}`, expires_in: 300, resend_after: 60, remaining_today: 9, waiting: false })
    vi.stubGlobal('fetch', async (request: Request) => {
      if (request.method === 'GET') return reply(200, { state: 'delivered', waiting: false, expires_in: 300 })
      asked.push(((await request.json()) as { phone: string }).phone)
      return next()
    })
  })
  afterEach(() => vi.unstubAllGlobals())

  it('asked for by the retry of a cut line, shows its message and counts down', async () => {
    const { wrapper, type, press, button } = open()
    await type('phone', '13800001111')
    const sends = next
    next = () => {
      throw new TypeError('the line is cut')
    }
    await press()
    next = sends
    await press('.problem button')
    expect(asked).toEqual(['13800001111', '13800001111'])
    expect(wrapper.find('.problem').exists()).toBe(false)
    expect(wrapper.text()).toContain('短信已送到手机')
    expect(button().text()).toContain('后可重发')
    expect(button().attributes('disabled')).toBeDefined()
  })

  it('comes back with its number after another was tried', async () => {
    const { wrapper, type, press, button } = open()
    await type('phone', '13800001111')
    await press()
    await type('phone', '13800002222')
    expect(button().text()).toBe('获取验证码')
    await press()
    await type('phone', '13800001111')
    await flushPromises()
    expect(button().attributes('disabled')).toBeDefined()
    expect(wrapper.text()).toContain('短信已送到手机')
    expect(wrapper.props('sent')?.messageId).toBe('m1')
  })

  it('refused because the number had one on another page, says why and counts down for that number alone', async () => {
    const { wrapper, type, press, button } = open()
    await type('phone', '13800001111')
    await type('one-time-code', '123456')
    next = () => reply(429, { code: 'sms_cooldown', title: '请稍等再获取', detail: '' }, { 'Retry-After': '58' })
    await press()
    expect(wrapper.text()).toContain('刚给这个号码发过短信，58 秒后可再获取')
    expect(button().attributes('disabled')).toBeDefined()
    expect(wrapper.props('code')).toBe('123456')
    await type('phone', '13800002222')
    expect(button().attributes('disabled')).toBeUndefined()
    expect(wrapper.text()).not.toContain('刚给这个号码')
  })

  it('misses nothing in fields that were emptied when all was done', async () => {
    const { wrapper, type, press } = open()
    await type('phone', '13800001111')
    await press()
    await wrapper.setProps({ phone: '', code: '', sent: null })
    expect(wrapper.text()).not.toContain('请填写手机号')
    await press()
    expect(wrapper.text()).toContain('请填写手机号')
  })
})
