import { expect, test } from 'vitest'
import { choices, local, wrong } from './when'

const names = (now: Date) => choices(now).map((c) => `${c.name} ${local(c.at)}`)

test('what is offered on a Friday afternoon', () => {
  expect(names(new Date(2026, 10, 27, 15, 30))).toEqual(['hour 2026-11-27T16:30', 'hours 2026-11-27T18:30', 'tomorrow 2026-11-28T08:00', 'monday 2026-11-30T08:00'])
})

test('on a Sunday, Monday is tomorrow; on a Monday, it is the next one', () => {
  expect(names(new Date(2026, 10, 29, 9)).slice(2)).toEqual(['tomorrow 2026-11-30T08:00'])
  expect(names(new Date(2026, 10, 30, 9)).slice(2)).toEqual(['tomorrow 2026-12-01T08:00', 'monday 2026-12-07T08:00'])
})

test('over the end of a month and a year', () => {
  expect(names(new Date(2026, 11, 31, 23, 30))[0]).toBe('hour 2027-01-01T00:30')
})

test('a time is in the future, and within a year', () => {
  const now = new Date(2026, 10, 27, 15, 30).getTime()
  expect(wrong('2026-11-27T15:30', now)).toBe('past')
  expect(wrong('2026-11-27T15:31', now)).toBeUndefined()
  expect(wrong('', now)).toBe('past')
  expect(wrong('2027-11-29T15:30', now)).toBe('far')
})
