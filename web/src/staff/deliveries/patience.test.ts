import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Patience } from './patience'

let look: (() => void) | undefined
const page = { visibilityState: 'visible', addEventListener: (_: string, fn: () => void) => (look = fn), removeEventListener: () => (look = undefined) }

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('document', page)
  page.visibilityState = 'visible'
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('ever more seldom, at most once a minute apart, and soon again after something moved', () => {
  const at: number[] = []
  const begin = Date.now()
  const patience = new Patience(() => at.push(Date.now() - begin))
  const stop = patience.start()
  vi.advanceTimersByTime(600_000)
  const gaps = at.map((t, i) => t - (at[i - 1] ?? 0))
  expect(gaps[0]).toBe(3000)
  expect(gaps.every((g, i) => i === 0 || g >= gaps[i - 1]!)).toBe(true)
  expect(gaps.at(-1)).toBe(60_000)
  const before = at.length
  patience.anew()
  vi.advanceTimersByTime(3000)
  expect(at.length).toBe(before + 1)
  stop()
  vi.advanceTimersByTime(600_000)
  expect(at.length).toBe(before + 1)
})

test('nothing is read while nobody looks, and soon when somebody does', () => {
  let read = 0
  const stop = new Patience(() => read++).start()
  page.visibilityState = 'hidden'
  vi.advanceTimersByTime(600_000)
  expect(read).toBe(0)
  page.visibilityState = 'visible'
  look?.()
  vi.advanceTimersByTime(3000)
  expect(read).toBe(1)
  stop()
})
