import { t } from '../i18n/candidate'
import { time } from '../i18n/format'
import { clock } from '../lib/clock.svelte'
import { connection } from '../lib/connection.svelte'
import { api } from '../lib/session.svelte'
import { Spread } from '../lib/spread'
import type { OwnTest } from '../lib/types'
import type { OwnProgressFrame } from '../protocol/frames'
import { toasts } from '../ui/toasts.svelte'
import { caughtUpWithin } from './follow'
import { changed, endOf } from './sitting'

/**
 * The candidate's own tests, kept true: read again when the server says that something about them changed, after each
 * reconnect, and when the page comes back into view. Where they stand in a test is told by the frame itself.
 */
class Tests {
  list: OwnTest[] = $state.raw([])
  /** Tests that this page has shown and that the candidate has been taken off. */
  gone: OwnTest[] = $state.raw([])
  phase: 'reading' | 'ready' | 'failed' = $state('reading')
  error: unknown = $state.raw()
  #again = new Spread(() => this.#read())

  /** Reads them now and whenever they change. Returns how to stop. */
  follow(): () => void {
    const look = () => {
      if (document.visibilityState === 'visible') void this.read()
    }
    this.list = []
    this.gone = []
    this.phase = 'reading'
    void this.read()
    document.addEventListener('visibilitychange', look)
    const { client } = connection
    const stops = [
      client.on('frame', (frame) => {
        if (frame.type === 'schedule') this.#again.within(frame.within_ms)
        else if (frame.type === 'progress' && frame.changes === undefined) this.#progress(frame)
        else if (frame.type === 'caught_up') this.#again.within(caughtUpWithin)
      }),
      client.on('reread', () => this.#again.within(caughtUpWithin)),
      connection.onPoll(() => this.read()),
      () => this.#again.stop(),
    ]
    return () => {
      document.removeEventListener('visibilitychange', look)
      stops.forEach((stop) => stop())
    }
  }

  read(): Promise<void> {
    return this.#again.now()
  }

  find(id: string): OwnTest | undefined {
    return this.list.find((test) => test.id === id)
  }

  /** It has been read that they are off the list. */
  forget(id: string): void {
    this.gone = this.gone.filter((test) => test.id !== id)
  }

  #progress(frame: OwnProgressFrame): void {
    const at = this.list.findIndex((test) => test.id === frame.test)
    if (at >= 0) this.list = this.list.with(at, { ...this.list[at]!, progress: frame.progress })
    // An answer that is on its way may be older; and a test that is not here yet is one to read.
    if (at < 0 || this.#again.reading) void this.read()
  }

  async #read(): Promise<void> {
    try {
      const { tests } = await api.get<{ tests: OwnTest[] }>('/dashboard')
      const before = this.list
      const lost = before.filter((test) => !tests.some((one) => one.id === test.id))
      this.gone = [...this.gone.filter((test) => !tests.some((one) => one.id === test.id)), ...lost]
      this.list = tests
      if (this.phase === 'ready') for (const test of tests) tell(before.find((one) => one.id === test.id), test)
      this.phase = 'ready'
    } catch (error) {
      this.error = error
      if (this.phase !== 'ready') this.phase = 'failed'
    }
  }
}

/** Says in words what has changed for a test that is not over. */
function tell(before: OwnTest | undefined, now: OwnTest): void {
  for (const what of before ? changed(before, now) : []) {
    if (what === 'end') toasts.show(t('test.changedEnd', { name: now.name, time: time(endOf(now)!) }))
    else toasts.show(t('test.changedPlace', { name: now.name, place: [now.room, now.seat && t('test.seat', { seat: now.seat })].filter(Boolean).join(' · ') }))
  }
}

export const tests = new Tests()

/** Milliseconds left, on the server's clock; undefined if it has no end. */
export function timeLeft(test: OwnTest): number | undefined {
  const end = endOf(test)
  return end === undefined ? undefined : end - clock.now
}
