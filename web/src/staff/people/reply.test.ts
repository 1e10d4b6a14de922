import { expect, test } from 'vitest'
import { fromMinutes, inWords, toMinutes } from './reply'

test('what is written becomes minutes, and comes back as it was', () => {
  for (const [amount, unit, minutes] of [['30', 'minute', 30], ['4', 'hour', 240], ['2', 'day', 2880], ['90', 'minute', 90]] as const) {
    expect(toMinutes(amount, unit)).toBe(minutes)
    expect(fromMinutes(minutes)).toEqual({ amount, unit })
  }
  expect(toMinutes(' ', 'hour')).toBe(0)
  expect(fromMinutes(0).amount).toBe('')
})

test('what is no whole number of minutes within 30 days is refused', () => {
  for (const amount of ['-1', '1.5', 'soon', '43201']) expect(toMinutes(amount, 'minute')).toBeUndefined()
  expect(toMinutes('30', 'day')).toBe(43200)
  expect(toMinutes('31', 'day')).toBeUndefined()
})

test('in words', () => expect(inWords(240, 'en-GB')).toBe('4 hours'))
