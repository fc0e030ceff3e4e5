import { afterEach, describe, expect, it, vi } from 'vitest'
import { askWhenTyped } from '@/faces/web/admin/parts/ask'

describe('a drawer that is closed', () => {
  afterEach(() => vi.unstubAllGlobals())
  const closes = (typed: boolean, answer: boolean) => {
    const asked = vi.fn(() => answer)
    const closed = vi.fn()
    vi.stubGlobal('confirm', asked)
    askWhenTyped(() => typed)(closed)
    return { asked: asked.mock.calls.length, closed: closed.mock.calls.length }
  }
  it('goes at once when nothing was typed', () => {
    expect(closes(false, false)).toEqual({ asked: 0, closed: 1 })
  })
  it('asks before it loses what was typed', () => {
    expect(closes(true, false)).toEqual({ asked: 1, closed: 0 })
    expect(closes(true, true)).toEqual({ asked: 1, closed: 1 })
  })
})
