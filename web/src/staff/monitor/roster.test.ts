import { describe, expect, it } from 'vitest'
import type { Candidate } from '../types'
import { Roster } from './roster'

const at = (second: number) => new Date(Date.UTC(2026, 10, 21, 9, 0, second)).toISOString()

const candidate = (id: string, change: Partial<Candidate> = {}): Candidate => ({
  id,
  name: id,
  given_name: id,
  family_name: '',
  external_id: id,
  progress: 'not_started',
  progress_at: null,
  presence: 'offline',
  last_seen_at: null,
  room: 'A',
  seat: '1',
  extra_minutes: 0,
  tags: [],
  groups: [],
  waiting: 0,
  ...change,
})

const started = (person: string, second = 1) => ({ kind: 'progress' as const, changes: [{ person, progress: 'in_progress' as const, at: at(second) }] })

function filled(...list: Candidate[]): Roster {
  const r = new Roster()
  r.take(r.begin(), list)
  return r
}

describe('roster', () => {
  it('keeps frames that come before the snapshot, and applies them to it', () => {
    const r = new Roster()
    const reading = r.begin()
    expect(r.apply(started('a'))).toEqual([])
    expect(r.take(reading, [candidate('a'), candidate('b')])).toEqual([])
    expect(r.candidates.map((c) => c.progress)).toEqual(['in_progress', 'not_started'])
  })

  it('a frame during a later reading shows at once and is not undone by an older answer', () => {
    const r = filled(candidate('a'))
    const reading = r.begin()
    expect(r.apply(started('a', 5))).toEqual(['a'])
    expect(r.get('a')?.progress).toBe('in_progress')
    r.take(reading, [candidate('a', { progress: 'not_started', progress_at: at(1) })])
    expect(r.get('a')?.progress).toBe('in_progress')
  })

  it('an answer newer than a frame wins', () => {
    const r = filled(candidate('a'))
    const reading = r.begin()
    r.apply(started('a', 2))
    r.take(reading, [candidate('a', { progress: 'submitted', progress_at: at(9) })])
    expect(r.get('a')?.progress).toBe('submitted')
  })

  it('an answer that a later reading overtook is dropped', () => {
    const r = filled(candidate('a'))
    const first = r.begin()
    const second = r.begin()
    expect(r.take(first, [])).toBe(false)
    expect(r.candidates.length).toBe(1)
    expect(r.take(second, [candidate('a'), candidate('b')])).toEqual(['b'])
  })

  it('after a failed reading frames flow on', () => {
    const r = filled(candidate('a'))
    r.abandon(r.begin())
    expect(r.apply(started('a'))).toEqual(['a'])
  })

  it('who did not change stays the same object', () => {
    const r = filled(candidate('a'), candidate('b'))
    const before = r.candidates
    r.apply(started('a'))
    expect(r.candidates).not.toBe(before)
    expect(r.candidates[1]).toBe(before[1])
    expect(r.candidates[0]).not.toBe(before[0])
    const b = r.candidates[1]
    expect(r.take(r.begin(), [candidate('a', { waiting: 1 }), candidate('b')])).toEqual(['a'])
    expect(r.candidates[1]).toBe(b)
  })

  it('applying a frame twice is harmless, an unknown person too', () => {
    const r = filled(candidate('a'))
    expect(r.apply(started('a'))).toEqual(['a'])
    expect(r.apply(started('a'))).toEqual([])
    expect(r.apply(started('nobody'))).toEqual([])
  })

  it('presence: an older frame does not bring an older state back', () => {
    const r = filled(candidate('a'))
    const seen = (presence: 'online' | 'offline', second: number) => r.apply({ kind: 'presence', changes: [{ person: 'a', presence, at: at(second) }] })
    expect(seen('online', 5)).toEqual(['a'])
    expect(seen('offline', 3)).toEqual([])
    expect(r.get('a')?.presence).toBe('online')
    expect(seen('offline', 6)).toEqual(['a'])
    expect(r.get('a')?.last_seen_at).toBe(at(6))
  })
})
