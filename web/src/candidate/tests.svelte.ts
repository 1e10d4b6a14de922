import { api } from '../lib/session.svelte'
import { clock } from '../lib/clock.svelte'
import type { OwnTest } from '../lib/types'

/** The candidate's own tests. */
class Tests {
  list: OwnTest[] = $state.raw([])
  phase: 'reading' | 'ready' | 'failed' = $state('reading')
  error: unknown = $state.raw()

  /** Reads them now and whenever the page comes back into view. Returns how to stop. */
  follow(): () => void {
    const look = () => {
      if (document.visibilityState === 'visible') void this.read()
    }
    this.list = []
    this.phase = 'reading'
    void this.read()
    document.addEventListener('visibilitychange', look)
    return () => document.removeEventListener('visibilitychange', look)
  }

  async read(): Promise<void> {
    try {
      this.list = (await api.get<{ tests: OwnTest[] }>('/dashboard')).tests
      this.phase = 'ready'
    } catch (error) {
      this.error = error
      if (this.phase !== 'ready') this.phase = 'failed'
    }
  }
}

export const tests = new Tests()

/** When a test ends for this candidate, extra time included; undefined if it has no end. */
export function endOf(test: OwnTest): number | undefined {
  return test.ends_at ? new Date(test.ends_at).getTime() + test.extra_minutes * 60_000 : undefined
}

/** Milliseconds left, on the server's clock; undefined if it has no end. */
export function timeLeft(test: OwnTest): number | undefined {
  const end = endOf(test)
  return end === undefined ? undefined : end - clock.now
}
