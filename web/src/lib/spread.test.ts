import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Spread } from './spread'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('reads once at a moment within the time, however often it is told', async () => {
  const read = vi.fn(async () => {})
  const spread = new Spread(read, () => 0.5)
  spread.within(8000)
  spread.within(8000)
  await vi.advanceTimersByTimeAsync(3999)
  expect(read).toHaveBeenCalledTimes(0)
  await vi.advanceTimersByTimeAsync(2)
  expect(read).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(read).toHaveBeenCalledTimes(1)
})

test('one that is under way is followed by one more, never by two at a time', async () => {
  let running = 0
  let most = 0
  const ends: (() => void)[] = []
  const spread = new Spread(async () => {
    most = Math.max(most, ++running)
    await new Promise<void>((end) => ends.push(end))
    running--
  })
  void spread.now()
  spread.within()
  spread.within(0)
  expect(spread.reading).toBe(true)
  ends.shift()!()
  await vi.advanceTimersByTimeAsync(0)
  expect([ends.length, most]).toEqual([1, 1])
  ends.shift()!()
  await vi.advanceTimersByTimeAsync(0)
  expect([spread.reading, ends.length]).toEqual([false, 0])
})
