import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Candidate, WireFilter } from '../types'
import { empty, facets, type Filter, fromQuery, fromWire, isEmpty, matcher, toggled, toQuery, toWire } from './filter'

type Golden = {
  candidates: (Pick<Candidate, 'external_id' | 'given_name' | 'family_name' | 'room' | 'seat' | 'progress' | 'presence' | 'extra_minutes' | 'tags'> & { groups?: Candidate['groups'] })[]
  cases: { name: string; filter: WireFilter; match: number[] }[]
}

const golden = JSON.parse(readFileSync(new URL('../../../../internal/domain/testdata/filter_cases.json', import.meta.url), 'utf8')) as Golden
const candidates: Candidate[] = golden.candidates.map((c, i) => ({
  ...c,
  groups: c.groups ?? [],
  id: String(i),
  name: [c.given_name, c.family_name].filter(Boolean).join(' '),
  progress_at: null,
  last_seen_at: null,
  waiting: 0,
}))

describe('the filter means what the server means', () => {
  it('has cases', () => expect(golden.cases.length).toBeGreaterThan(30))
  for (const c of golden.cases) {
    it(c.name, () => {
      const match = matcher(fromWire(c.filter))
      expect(candidates.filter(match).map((each) => Number(each.id))).toEqual(c.match)
    })
  }
})

describe('the address keeps the filter', () => {
  const filters: Filter[] = [
    empty,
    { ...empty, q: 'sør & co' },
    { ...empty, room: ['', 'A+B, hall'], presence: ['away', 'online'] },
    { q: 'x', progress: ['submitted'], presence: ['offline'], room: ['A'], seat: ['1', '2'], extraTime: false, tag: ['laptop'], group: ['pool'] },
  ]
  for (const f of filters) it(toQuery(f) || 'nothing', () => expect(fromQuery(toQuery(f))).toEqual(f))
  it('leaves out what cannot be', () => expect(fromQuery('progress=done&presence=here&extra_time=maybe&room=A&room=A')).toEqual({ ...empty, room: ['A'] }))
})

describe('the server gets the filter', () => {
  it('everyone is an empty filter', () => expect(toWire(empty)).toEqual({}))
  it('and back', () => {
    const f: Filter = { q: 'x', progress: ['submitted'], presence: [], room: [''], seat: [], extraTime: false, tag: [], group: ['pool'] }
    expect(fromWire(toWire(f))).toEqual(f)
  })
  it('white space is no search', () => expect(isEmpty({ ...empty, q: ' \t' })).toBe(true))
  it('punctuation is one', () => expect(isEmpty({ ...empty, q: '--' })).toBe(false))
})

describe('counts', () => {
  it('say what a click gives', () => {
    for (const f of [empty, { ...empty, room: ['A'] }, { ...empty, progress: ['in_progress' as const], tag: ['dyslexia'] }, { ...empty, q: 'c', presence: ['online' as const] }]) {
      const counts = facets(f, candidates)
      for (const [part, values] of Object.entries({ progress: ['in_progress', 'submitted', 'not_started'], presence: ['online', 'away', 'unresponsive', 'unknown', 'offline'], room: ['', 'A', 'B'], tag: ['laptop', 'dyslexia'], group: ['pool', 'job'] })) {
        for (const value of values) {
          const alone = { ...f, [part]: [value] }
          expect([part, value, counts[part as 'room'].get(value) ?? 0]).toEqual([part, value, candidates.filter(matcher(alone)).length])
        }
      }
      expect(counts.extraTime.get('yes') ?? 0).toBe(candidates.filter(matcher({ ...f, extraTime: true })).length)
    }
  })
})

it('toggled switches one value', () => {
  const on = toggled(empty, 'room', 'A')
  expect(on.room).toEqual(['A'])
  expect(toggled(on, 'room', 'A')).toEqual(empty)
  expect(toggled(on, 'room', 'B').room).toEqual(['A', 'B'])
})
