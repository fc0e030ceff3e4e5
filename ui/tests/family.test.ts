import { flushPromises, mount } from '@vue/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { h, type SetupContext } from 'vue'
import { createMemoryHistory, createRouter } from 'vue-router'
import type { Binding, Me } from '@/api/types'
import { i18n } from '@/core/i18n'
import { refreshSession } from '@/core/session'
import { ownName } from '@/domain/identity/self'
import ChildrenCard from '@/faces/web/components/ChildrenCard.vue'
import ClassAgain from '@/faces/web/components/ClassAgain.vue'
import ClassmatesCard from '@/faces/web/components/ClassmatesCard.vue'

const router = createRouter({ history: createMemoryHistory(), routes: [{ path: '/:rest(.*)*', component: { template: '<i />' } }] })
const ElButton = (_props: object, { slots }: SetupContext) => h('button', slots.default?.())
const ElSkeleton = () => h('i')
const global = { plugins: [i18n, router], components: { ElButton, ElSkeleton } }

const child = (id: string, name: string, number: number): Binding => ({
  id, kind: 'parent', entry_kind: 'student', name, masked_id_number: '5***1', state: 'bound', bound_at: '2026-09-01T00:00:00Z',
  school: { id: 's', name: '草堂小学' }, class: { id: `c${number}`, name: `三年级${number}班`, stage: 'primary', grade: '三年级', entry_year: 2024, number },
})
const [first, second] = [child('b1', '韩梅梅', 1), child('b2', '韩小妹', 2)]
const parent = { account: { id: 'a', username: 'hanfu2026', role: 'parent', created_at: '' }, binding: first, children: [first, second], roles: ['parent'], must: [], admin_grants: [] } as unknown as Me

/** The server, as far as it is asked: an answer for each path. */
function server(answers: Record<string, object>) {
  vi.stubGlobal('fetch', async (request: Request) => {
    const body = answers[new URL(request.url).pathname]
    return new Response(JSON.stringify(body ?? {}), { status: body ? 200 : 404, headers: { 'Content-Type': 'application/json' } })
  })
}
afterEach(() => vi.unstubAllGlobals())

describe('a parent', () => {
  it('is called by their own name, never by a child’s', () => {
    expect(ownName(parent)).toBe('hanfu2026')
    expect(ownName({ ...parent, binding: { ...first, kind: 'student' } })).toBe('韩梅梅')
    expect(ownName(null)).toBe('')
  })
  it('sees every child, what waits, and the way to one more', async () => {
    const link = { asked_name: '', asked_number: '', others: [], school_only: false, asked_at: '2026-09-01T00:00:00Z', expires_at: '2026-10-01T00:00:00Z' }
    server({
      '/api/v1/me': parent,
      '/api/v1/me/guardianships': { items: [
        ...[first, second].map(({ id, name, school, class: of }) => ({ ...link, id, state: 'confirmed', child: { name, school, class: of } })),
        { ...link, id: 'r3', state: 'asked', child: null, asked_name: '韩*弟', school_only: true },
      ] },
    })
    await refreshSession()
    const wrapper = mount(ChildrenCard, { props: { choosable: ['b2'] }, global })
    await flushPromises()
    expect(wrapper.findAll('li > strong').map((one) => one.text())).toEqual(['韩梅梅', '韩小妹'])
    expect(wrapper.findAll('a').map((one) => one.attributes('href')).filter((href) => href?.startsWith('/verify'))).toEqual(['/verify?of=b2'])
    expect(wrapper.findAll('.waits')).toHaveLength(1)
    expect(wrapper.find('.waits input').exists()).toBe(false) // the school alone confirms it: no slip does
    const push = vi.spyOn(router, 'push')
    await wrapper.findAll('button').at(-1)!.trigger('click')
    expect(push).toHaveBeenCalledWith({ path: '/verify', query: { child: '' } })
  })
  it('is led to the child that the address names, once it is loaded', async () => {
    const link = { asked_name: '', asked_number: '', others: [], school_only: false, asked_at: '2026-09-01T00:00:00Z', expires_at: '2026-10-01T00:00:00Z' }
    server({ '/api/v1/me': parent, '/api/v1/me/guardianships': { items: [first, second].map(({ id, name }) => ({ ...link, id, state: 'confirmed', child: { name } })) } })
    await refreshSession()
    const seen: string[] = []
    Element.prototype.scrollIntoView = function () { seen.push(this.id) }
    await router.push('/me#child-b2')
    const wrapper = mount(ChildrenCard, { props: { choosable: [] }, global, attachTo: document.body })
    await flushPromises()
    expect(seen).toEqual(['child-b2'])
    wrapper.unmount()
    await router.push('/')
  })
})

describe('a wrong class', () => {
  const open = async (binding: Binding, choosable: string[]) => {
    server({ '/api/v1/me/space': { classes_choosable: choosable } })
    const wrapper = mount(ClassAgain, { props: { binding }, global })
    await flushPromises()
    return wrapper
  }
  it('of one’s own choice is chosen anew', async () => {
    const wrapper = await open(first, ['b1'])
    expect(wrapper.find('button').exists()).toBe(true)
    expect(wrapper.find('a').exists()).toBe(false)
  })
  it('of the school’s is the school’s to correct', async () => {
    const wrapper = await open(first, [])
    expect(wrapper.find('button').exists()).toBe(false)
    expect(wrapper.get('a').attributes('href')).toBe('/me/data?correct=b1&field=class')
  })
  it('is told of each child by itself', async () => {
    expect((await open(first, ['b2'])).find('button').exists()).toBe(false)
    expect((await open(second, ['b2'])).find('button').exists()).toBe(true)
  })
})

describe('the classmates', () => {
  const names = Array.from({ length: 57 }, (_, at) => ({ name: `同学${at}`, me: at === 0 }))
  it('are folded after the first ten', async () => {
    server({ '/api/v1/me/classmates': { items: names } })
    const wrapper = mount(ClassmatesCard, { props: { name: '三年级1班' }, global })
    await flushPromises()
    expect(wrapper.findAll('.people li')).toHaveLength(10)
    await wrapper.get('button').trigger('click')
    expect(wrapper.findAll('.people li')).toHaveLength(57)
    expect(wrapper.find('button').exists()).toBe(false)
  })
})
