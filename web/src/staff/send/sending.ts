// One sending on its way to the server. It is repeated with the same key until the
// server says yes or no: a lost answer is neither.
//
//     idle → sending → sent
//              │  ▲
//              ▼  │ after a wait, same key
//            waiting        refused: the server said no, nothing was sent

import { ApiError } from '../../lib/api'

export type Phase<T> =
  | { name: 'idle' }
  | { name: 'sending'; attempt: number }
  /** unknown: the answer was lost, it may have been sent. busy: not sent, the server asked to come again. */
  | { name: 'waiting'; attempt: number; why: 'unknown' | 'busy'; until: number }
  | { name: 'refused'; error: unknown }
  | { name: 'sent'; result: T }

const most = 15_000

/** Milliseconds before try number attempt + 1: 1, 2, 4, 8, 15, 15 … seconds, or what the server asked for. */
export function pause(attempt: number, retryAfter?: number): number {
  return Math.max(Math.min(1000 * 2 ** (attempt - 1), most), (retryAfter ?? 0) * 1000)
}

export class Sending<T> {
  phase: Phase<T> = { name: 'idle' }
  /** A try went out whose end nobody knows. Stays true until the server answers. */
  uncertain: boolean

  private timer: ReturnType<typeof setTimeout> | undefined
  private ask: (() => Promise<T>) | undefined
  private stopped = false

  /** changed is called at every change of phase. uncertain: a try before this page was loaded had no end. */
  constructor(
    private readonly changed: (phase: Phase<T>) => void,
    uncertain = false,
  ) {
    this.uncertain = uncertain
  }

  get busy(): boolean {
    return this.phase.name === 'sending' || this.phase.name === 'waiting'
  }

  /** Starts, or does nothing while under way: a second click is not a second sending. */
  start(ask: () => Promise<T>): void {
    if (this.busy || this.phase.name === 'sent') return
    this.ask = ask
    this.stopped = false
    void this.attempt(1)
  }

  /** Does not wait any longer for the next try. */
  now(): void {
    if (this.phase.name === 'waiting') void this.attempt(this.phase.attempt + 1)
  }

  /** No more tries. One that is on its way may still end well, and says so. */
  stop(): void {
    clearTimeout(this.timer)
    this.stopped = true
    if (this.phase.name === 'waiting') this.change({ name: 'idle' })
  }

  private async attempt(attempt: number): Promise<void> {
    clearTimeout(this.timer)
    this.change({ name: 'sending', attempt })
    try {
      const result = await this.ask!()
      this.uncertain = false
      this.change({ name: 'sent', result })
    } catch (error) {
      const next = outcome(error)
      if (next === 'refused') {
        this.uncertain = false
        return this.change({ name: 'refused', error })
      }
      if (next === 'unknown') this.uncertain = true
      if (this.stopped) return this.change({ name: 'idle' })
      const wait = pause(attempt, error instanceof ApiError ? error.retryAfter : undefined)
      this.timer = setTimeout(() => void this.attempt(attempt + 1), wait)
      this.change({ name: 'waiting', attempt, why: this.uncertain ? 'unknown' : 'busy', until: Date.now() + wait })
    }
  }

  private change(phase: Phase<T>): void {
    this.phase = phase
    this.changed(phase)
  }
}

/** What a failed try means. */
export function outcome(error: unknown): 'unknown' | 'busy' | 'refused' {
  if (!(error instanceof ApiError)) return 'refused'
  if (error.outcomeUnknown || error.code === 'network') return 'unknown'
  if (error.code === 'internal') return 'unknown'
  if (error.code === 'unavailable' || error.code === 'rate_limited') return 'busy'
  return 'refused'
}
