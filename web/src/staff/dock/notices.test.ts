import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Notices } from './notices'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('the first is said at once, a burst after it as one, and then one at once again', () => {
  const said: number[][] = []
  const notices = new Notices<number>((all) => said.push([...all]), 2000)
  notices.add(1)
  expect(said).toEqual([[1]])
  for (const n of [2, 3, 4]) notices.add(n)
  expect(said).toEqual([[1]])
  vi.advanceTimersByTime(2000)
  expect(said).toEqual([[1], [2, 3, 4]])
  notices.add(5)
  vi.advanceTimersByTime(2000)
  expect(said.at(-1)).toEqual([5])
  vi.advanceTimersByTime(2000)
  notices.add(6)
  expect(said.at(-1)).toEqual([6])
})
