import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ApiError, type Code } from '../../lib/api'
import { outcome, pause, type Phase, Sending } from './sending'

const no = (code: Code, more: Partial<{ outcome: string; retryAfter: number }> = {}) => new ApiError({ code, message: code, ...more })

function scripted(...answers: (ApiError | string)[]) {
  const phases: string[] = []
  let calls = 0
  const sending = new Sending<string>((p: Phase<string>) => phases.push(p.name === 'waiting' ? `waiting ${p.why}` : p.name))
  const ask = () => {
    const answer = answers[calls++]
    return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer ?? 'more than scripted')
  }
  return { sending, phases, ask, calls: () => calls }
}

describe('sending', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is sent', async () => {
    const { sending, phases, ask } = scripted('done')
    sending.start(ask)
    await vi.advanceTimersByTimeAsync(0)
    expect(phases).toEqual(['sending', 'sent'])
    expect(sending.phase).toEqual({ name: 'sent', result: 'done' })
  })

  it('a second click is not a second sending', async () => {
    const { sending, ask, calls } = scripted('done')
    sending.start(ask)
    sending.start(ask)
    await vi.advanceTimersByTimeAsync(0)
    sending.start(ask)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(calls()).toBe(1)
  })

  it('a lost answer is asked again until there is one', async () => {
    const { sending, phases, ask } = scripted(no('network', { outcome: 'unknown' }), no('unavailable', { outcome: 'unknown' }), 'done')
    sending.start(ask)
    await vi.advanceTimersByTimeAsync(0)
    expect(sending.uncertain).toBe(true)
    await vi.advanceTimersByTimeAsync(1000)
    await vi.advanceTimersByTimeAsync(2000)
    expect(phases).toEqual(['sending', 'waiting unknown', 'sending', 'waiting unknown', 'sending', 'sent'])
    expect(sending.uncertain).toBe(false)
  })

  it('refused is not asked again', async () => {
    const { sending, phases, ask, calls } = scripted(no('invalid'), 'done')
    sending.start(ask)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(phases).toEqual(['sending', 'refused'])
    expect(calls()).toBe(1)
    sending.start(ask) // after the text was changed
    await vi.advanceTimersByTimeAsync(0)
    expect(sending.phase.name).toBe('sent')
  })

  it('once uncertain, a busy server does not make it certain', async () => {
    const { sending, phases, ask } = scripted(no('network'), no('rate_limited', { retryAfter: 7 }), 'done')
    sending.start(ask)
    await vi.advanceTimersByTimeAsync(1000)
    expect(phases.at(-1)).toBe('waiting unknown')
    await vi.advanceTimersByTimeAsync(6999)
    expect(sending.phase.name).toBe('waiting')
    await vi.advanceTimersByTimeAsync(1)
    expect(sending.phase.name).toBe('sent')
  })

  it('stopped while waiting, it asks no more and remembers that it is uncertain', async () => {
    const { sending, ask, calls } = scripted(no('network'), 'done')
    sending.start(ask)
    await vi.advanceTimersByTimeAsync(0)
    sending.stop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect([sending.phase.name, sending.uncertain, calls()]).toEqual(['idle', true, 1])
  })

  it('stopped while on its way, a yes still counts', async () => {
    const { sending, phases, ask } = scripted('done')
    sending.start(ask)
    sending.stop()
    await vi.advanceTimersByTimeAsync(0)
    expect(phases).toEqual(['sending', 'sent'])
  })

  it('now does not wait', async () => {
    const { sending, ask } = scripted(no('unavailable', { retryAfter: 30 }), 'done')
    sending.start(ask)
    await vi.advanceTimersByTimeAsync(0)
    expect(sending.phase).toMatchObject({ name: 'waiting', why: 'busy' })
    sending.now()
    await vi.advanceTimersByTimeAsync(0)
    expect(sending.phase.name).toBe('sent')
  })
})

it('pauses grow to 15 seconds, or as long as the server asked', () => {
  expect([1, 2, 3, 4, 5, 9].map((n) => pause(n))).toEqual([1000, 2000, 4000, 8000, 15_000, 15_000])
  expect(pause(1, 4)).toBe(4000)
})

it('what a failed try means', () => {
  const table: [ApiError, string][] = [
    [no('network'), 'unknown'],
    [no('unavailable', { outcome: 'unknown' }), 'unknown'],
    [no('internal'), 'unknown'],
    [no('unavailable'), 'busy'],
    [no('rate_limited'), 'busy'],
    [no('invalid'), 'refused'],
    [no('conflict'), 'refused'],
    [no('too_large'), 'refused'],
    [no('forbidden'), 'refused'],
    [no('unauthenticated'), 'refused'],
  ]
  for (const [error, want] of table) expect([error.code, outcome(error)]).toEqual([error.code, want])
})
