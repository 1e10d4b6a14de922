import { expect, test } from 'vitest'
import type { OwnTest } from '../lib/types'
import { changed, endOf, sitting } from './sitting'

const at = (minutes: number) => new Date(Date.UTC(2026, 4, 4, 9, minutes)).toISOString()
const now = Date.UTC(2026, 4, 4, 9, 0)
const own = (id: string, more: Partial<OwnTest> = {}): OwnTest => ({ id, name: id, starts_at: at(-60), ends_at: at(30), progress: 'in_progress', room: 'A', seat: '1', extra_minutes: 0, ...more })

test('one sits what has been started, is not submitted and has time left, extra time included', () => {
  const list = [
    own('runs'),
    own('endless', { ends_at: null }),
    own('later', { progress: 'not_started' }),
    own('done', { progress: 'submitted' }),
    own('over', { ends_at: at(-1) }),
    own('extra', { ends_at: at(-1), extra_minutes: 5 }),
  ]
  expect([...sitting(list, now)]).toEqual(['runs', 'endless', 'extra'])
  expect(endOf(list[5]!)).toBe(now + 4 * 60_000)
})

test('a changed end and another place are told; what changes nothing for the candidate, or is over, is not', () => {
  expect(changed(own('a'), own('a', { extra_minutes: 15 }))).toEqual(['end'])
  expect(changed(own('a'), own('a', { ends_at: at(15), extra_minutes: 15 }))).toEqual([])
  expect(changed(own('a'), own('a', { room: 'B', ends_at: at(60) }))).toEqual(['end', 'place'])
  expect(changed(own('a'), own('a', { room: '', seat: '', ends_at: null }))).toEqual([])
  expect(changed(own('a'), own('a', { seat: '2', progress: 'submitted' }))).toEqual([])
})
