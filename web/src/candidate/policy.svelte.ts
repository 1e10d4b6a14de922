import { connection } from '../lib/connection.svelte'
import { api } from '../lib/session.svelte'
import { Spread } from '../lib/spread'
import type { GroupName } from '../protocol/frames'
import { caughtUpWithin } from './follow'

export type Place = { group?: GroupName; may_write: boolean; reason?: { code: string; text: string } }

/** Where this candidate may answer or begin, and if not why. The server decides again when something is sent. */
class Policy {
  places: Place[] = $state.raw([])
  known = $state(false)
  #again = new Spread(() => this.#read())

  /** Reads it now, when groups change, and whenever the page comes back into view. Returns how to stop. */
  follow(): () => void {
    const look = () => {
      if (document.visibilityState === 'visible') void this.read()
    }
    this.places = []
    this.known = false
    void this.read()
    document.addEventListener('visibilitychange', look)
    // What staff write may open a place where nothing could be begun.
    const unfollow = connection.client.on('frame', (frame) => {
      if (frame.type === 'schedule') this.#again.within(frame.within_ms)
      else if (frame.type === 'caught_up') this.#again.within(caughtUpWithin)
      else if (frame.type === 'message' && !frame.message.mine && !this.of(frame.message.group?.id ?? '')?.may_write) void this.read()
    })
    return () => {
      unfollow()
      this.#again.stop()
      document.removeEventListener('visibilitychange', look)
    }
  }

  read(): Promise<void> {
    return this.#again.now()
  }

  async #read(): Promise<void> {
    try {
      this.places = (await api.get<{ threads: Place[] }>('/inbox/threads')).threads
      this.known = true
    } catch {
      // as it was: whoever writes learns it from the server
    }
  }

  /** What holds for a group; '' for none. Undefined: not known. */
  of(group: string): Place | undefined {
    return this.places.find((place) => (place.group?.id ?? '') === group)
  }

  /** Where one may begin something new. */
  readonly open: Place[] = $derived(this.places.filter((place) => place.may_write))
}

export const policy = new Policy()
