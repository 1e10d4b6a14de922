import { connection } from '../lib/connection.svelte'
import { api } from '../lib/session.svelte'
import { Spread } from '../lib/spread'
import type { GroupName } from '../protocol/frames'
import { caughtUpWithin } from './follow'

export type Assignment = {
  group: GroupName
  starts_at: string | null
  ends_at: string | null
  place: string
  state: 'assigned' | 'waiting_list'
  progress?: 'not_started' | 'in_progress' | 'submitted'
  room?: string
  seat?: string
  reported: boolean
  over: boolean
}

export type Away = { id: string; starts_at: string; ends_at: string; group?: GroupName }

/** This candidate's tests and shifts, and when they are not available. */
class Schedule {
  assignments: Assignment[] = $state.raw([])
  unavailable: Away[] = $state.raw([])
  phase: 'reading' | 'ready' | 'failed' = $state('reading')
  error: unknown = $state.raw()
  #again = new Spread(() => this.#read())

  /** Reads it now, when it has changed, and whenever the page comes back into view. Returns how to stop. */
  follow(): () => void {
    const look = () => {
      if (document.visibilityState === 'visible') void this.read()
    }
    void this.read()
    document.addEventListener('visibilitychange', look)
    const { client } = connection
    const stops = [
      client.on('frame', (frame) => {
        if (frame.type === 'schedule') this.#again.within(frame.within_ms)
        else if (frame.type === 'progress' && frame.changes === undefined) this.#again.within(caughtUpWithin)
        else if (frame.type === 'caught_up') this.#again.within(caughtUpWithin)
      }),
      client.on('reread', () => this.#again.within(caughtUpWithin)),
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

  async #read(): Promise<void> {
    try {
      const { assignments, unavailable } = await api.get<{ assignments: Assignment[]; unavailable: Away[] }>('/schedule')
      this.assignments = assignments
      this.unavailable = unavailable
      this.phase = 'ready'
    } catch (error) {
      this.error = error
      if (this.phase !== 'ready') this.phase = 'failed'
    }
  }
}

export const schedule = new Schedule()
