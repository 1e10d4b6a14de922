import { expect, test } from 'vitest'
import { amount, clockTime, minutesOf } from './sending'

test.each([
  [0, '00:00'],
  [undefined, '00:00'],
  [1320, '22:00'],
  [425, '07:05'],
  [1439, '23:59'],
])('%s minutes are %s', (minutes, text) => {
  expect(clockTime(minutes)).toBe(text)
  expect(minutesOf(text)).toBe(minutes ?? 0)
})

test.each(['', '24:00', '7:05', '12:60', 'noon'])('%j is no time', (text) => expect(minutesOf(text)).toBeUndefined())

test.each([
  ['', 0],
  [' 30 ', 30],
  ['0', 0],
  ['-1', undefined],
  ['1.5', undefined],
  ['many', undefined],
  ['9999999999', undefined],
])('%j as an amount is %s', (text, want) => expect(amount(text)).toBe(want))
