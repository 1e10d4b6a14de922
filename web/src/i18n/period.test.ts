import { expect, test } from 'vitest'
import { period } from './format'

const at = (year: number, month: number, day: number, hour: number) => new Date(year, month - 1, day, hour)
const now = at(2026, 11, 30, 12).getTime()

test('a period has both its times in every year', () => {
  expect(period(at(2026, 12, 1, 8), at(2026, 12, 1, 16), now, 'en-GB')).toBe('1 Dec 08:00 – 16:00')
  expect(period(at(2027, 3, 1, 14), at(2027, 3, 1, 22), now, 'en-GB')).toMatch(/^1 Mar 2027 14:00 – 22:00$/)
  expect(period(at(2027, 3, 1, 22), at(2027, 3, 2, 6), now, 'en-GB')).toMatch(/^1 Mar 2027 22:00 – 2 Mar 2027 06:00$/)
})
