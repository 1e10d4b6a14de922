import { describe, expect, it } from 'vitest'
import type { Candidate } from '../types'
import { steady } from './steady'

const c = (id: string, waiting = 0) => ({ id, waiting }) as Candidate
const ids = (rows: readonly Candidate[]) => rows.map((r) => r.id).join('')
const all = [c('a'), c('b'), c('c'), c('d')]
const [a, b, , d] = all as [Candidate, Candidate, Candidate, Candidate]
const find = (id: string) => all.find((x) => x.id === id)

describe('steady', () => {
  it('let go, it is what is wanted', () => {
    expect(steady(all, [d, a], false, find)).toEqual({ rows: [d, a], pending: 0, stale: new Set() })
  })

  it('held, rows keep their places and say what waits', () => {
    const s = steady([a, b, d], [d, a], true, find)
    expect(ids(s.rows)).toBe('abd')
    expect([...s.stale]).toEqual(['b'])
    expect(s.pending).toBe(3) // b goes, a and d change places
  })

  it('held, new ones wait', () => {
    const s = steady([a], [a, b], true, find)
    expect(ids(s.rows)).toBe('a')
    expect(s.pending).toBe(1)
  })

  it('held, a row says the newest', () => {
    const s = steady([c('a')], [c('a', 3)], true, () => c('a', 3))
    expect(s.rows[0]?.waiting).toBe(3)
    expect(s.pending).toBe(0)
  })

  it('held, who left the test goes at once', () => {
    expect(ids(steady([a, c('z'), b], [a, b], true, find).rows)).toBe('ab')
  })
})
