// One person's profile, read once and again when something about it changes.

import { connection } from '../../lib/connection.svelte'
import { api } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'
import type { Profile } from './types'

export class LiveProfile {
  readonly person: string
  now: Profile | undefined = $state.raw()
  failure: unknown = $state.raw()
  #slowly = new Slowly(() => this.#read(), 1500)

  constructor(person: string) {
    this.person = person
  }

  start(): () => void {
    const { client } = connection
    const stops = [
      client.on('frame', (frame) => {
        if (frame.type === 'welcome' || frame.type === 'groups') this.#slowly.soon()
        // An assignment that was deleted or restored, a time that is free again.
        if (frame.type === 'conversation' && frame.conversation === this.person && (frame.item.type === 'event' || (frame.item.type === 'message' && frame.item.about))) this.#slowly.soon()
      }),
      client.on('reread', () => this.#slowly.soon()),
      () => this.#slowly.stop(),
    ]
    this.#slowly.now()
    return () => {
      for (const stop of stops) stop()
    }
  }

  refresh(): void {
    this.#slowly.now()
  }

  /** Throws ApiError. */
  async unavailable(from: Date, until: Date): Promise<void> {
    await api.post(`/people/${encodeURIComponent(this.person)}/unavailable`, { starts_at: from.toISOString(), ends_at: until.toISOString() })
    this.refresh()
  }

  /** Throws ApiError. */
  async available(unavailable: string): Promise<void> {
    await api.delete(`/people/${encodeURIComponent(this.person)}/unavailable/${encodeURIComponent(unavailable)}`)
    if (this.now) this.now = { ...this.now, unavailable: this.now.unavailable.filter((u) => u.id !== unavailable) }
    this.refresh()
  }

  async #read(): Promise<void> {
    try {
      this.now = await api.get<Profile>(`/people/${encodeURIComponent(this.person)}`)
      this.failure = undefined
    } catch (error) {
      this.failure = error
    }
  }
}
