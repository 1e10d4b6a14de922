import { expect, it } from 'vitest'
import { span } from './span'

const minute = 60_000
it.each([
  [-5, '1 min'],
  [30_000, '1 min'],
  [59 * minute, '59 mins'],
  [60 * minute, '1 hr'],
  [47 * 60 * minute, '47 hrs'],
  [48 * 60 * minute, '2 days'],
])('%i ms → %s', (ms, want) => expect(span(ms, 'en-GB')).toBe(want))
