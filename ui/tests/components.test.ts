import { mount } from '@vue/test-utils'
import { describe, expect, it, vi } from 'vitest'
import { h, type SetupContext } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import { i18n } from '@/core/i18n'
import { NetworkTrouble, Problem } from '@/core/errors'
import ProblemNotice from '@/faces/web/components/ProblemNotice.vue'
import UsernameField from '@/faces/web/components/UsernameField.vue'

const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: { template: '<i />' } }] })
const ElButton = (_props: object, { slots }: SetupContext) => h('button', slots.default?.())
const ElInput = (props: { modelValue: string }, { emit, slots }: SetupContext<['update:modelValue']>) => h('div', [
  h('input', { value: props.modelValue, onInput: (event: Event) => emit('update:modelValue', (event.target as HTMLInputElement).value), onBlur: () => (emit as (name: string) => void)('blur') }),
  slots.suffix?.(),
])
ElInput.props = ['modelValue']
ElInput.emits = ['update:modelValue', 'blur']
const global = { plugins: [i18n, router], components: { ElButton, ElInput } }
const buttons = (wrapper: ReturnType<typeof mount>) => wrapper.findAll('button').map((button) => button.text())

describe('what went wrong', () => {
  it('offers the next step as a button that leads there', async () => {
    const trouble = new Problem(409, 'phone_taken', '已被使用', '换一个', [], { action: 'sign_in', label: '去登录', href: '/login' }, 0, 'r-1')
    const wrapper = mount(ProblemNotice, { props: { trouble }, global })
    expect(wrapper.text()).toContain('已被使用')
    expect(wrapper.text()).toContain('phone_taken · r-1')
    const push = vi.spyOn(router, 'push')
    await wrapper.get('button').trigger('click')
    expect(push).toHaveBeenCalledWith('/login')
  })
  it('answers a step on the same screen where the page can', async () => {
    const check = vi.fn()
    const trouble = new Problem(409, 'already_bound', '已认证', '', [], { action: 'check', label: '请学校核实', href: '/verify' })
    const wrapper = mount(ProblemNotice, { props: { trouble, steps: { check } }, global })
    await wrapper.get('button').trigger('click')
    expect(check).toHaveBeenCalledOnce()
  })
  it('counts a wait down in the sentence that names it, once', () => {
    const told = (detail: string) => mount(ProblemNotice, { props: { trouble: new Problem(429, 'too_many_attempts', '尝试次数过多', detail, [], null, 30) }, global }).text()
    expect(told('为保护账号，请在 30 秒后再试。').match(/30/g)).toHaveLength(1)
    expect(told('请稍后再试。').match(/30/g)).toHaveLength(1)
  })
  it('offers a retry when no answer came, and none when the server has decided', () => {
    const lost = mount(ProblemNotice, { props: { trouble: new NetworkTrouble(), retryable: true }, global })
    expect(buttons(lost)).toEqual(['再试一次'])
    const decided = mount(ProblemNotice, { props: { trouble: new Problem(422, 'invalid', '不对', ''), retryable: true }, global })
    expect(buttons(decided)).toEqual([])
  })
})

describe('the username’s field', () => {
  it('shows full-width letters and stray spaces, and mends them at a click', async () => {
    const wrapper = mount(UsernameField, {
      props: { modelValue: 'ｚhang 001', 'onUpdate:modelValue': (value: string) => wrapper.setProps({ modelValue: value }) },
      global,
    })
    expect(wrapper.findAll('.pieces span').map((piece) => piece.text()).join('')).toBe('ｚhang␣001')
    expect(wrapper.text()).toContain('含有全角字母或数字')
    await wrapper.get('button').trigger('click')
    expect(wrapper.props('modelValue')).toBe('zhang001')
    expect(wrapper.find('.pieces').exists()).toBe(false)
  })
  it('does not call a name too short while it is typed', async () => {
    const wrapper = mount(UsernameField, { props: { modelValue: 'abc' }, global })
    expect(wrapper.text()).not.toContain('至少要')
    await wrapper.get('input').trigger('blur')
    expect(wrapper.text()).toContain('现在是 3 位，至少要 6 位。')
  })
})
