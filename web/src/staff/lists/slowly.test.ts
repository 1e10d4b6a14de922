import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Slowly } from './slowly'

describe('slowly', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('runs at most once in an interval and loses no call', async () => {
    let runs = 0
    const s = new Slowly(async () => void runs++, 1000)
    for (let i = 0; i < 50; i++) s.soon()
    await vi.advanceTimersByTimeAsync(0)
    expect(runs).toBe(1)
    s.soon()
    s.soon()
    await vi.advanceTimersByTimeAsync(999)
    expect(runs).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs).toBe(2)
  })

  it('a call during a run makes one more', async () => {
    let runs = 0
    const ends: (() => void)[] = []
    const s = new Slowly(() => (runs++, new Promise<void>((r) => ends.push(r))), 10)
    s.now()
    s.now()
    s.soon()
    expect(runs).toBe(1)
    ends.shift()!()
    await vi.advanceTimersByTimeAsync(20)
    expect(runs).toBe(2)
    ends.shift()!()
    await vi.advanceTimersByTimeAsync(100)
    expect(runs).toBe(2)
  })

  it('stopped, it runs no more', async () => {
    let runs = 0
    const s = new Slowly(async () => void runs++, 1000)
    s.soon()
    s.stop()
    await vi.advanceTimersByTimeAsync(5000)
    expect(runs).toBe(0)
  })
})
