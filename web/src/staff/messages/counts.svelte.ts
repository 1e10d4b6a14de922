// How much waits for me, in numbers: unread, not processed, mine, mentions. One reading for every counter on the page.

import { connection } from '../../lib/connection.svelte'
import { api, session } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'

export interface Counts {
  unread: number
  unprocessed: number
  mine: number
  mentions: number
  unmatched: number
}

/** The server counts no further; a count this high reads "1000 or more". */
export const most = 1000

/** Frames after which a count may be another. */
const telling: ReadonlySet<string> = new Set(['welcome', 'conversation', 'conversations', 'read', 'mention', 'assigned', 'unmatched'])

class LiveCounts {
  now: Counts | undefined = $state.raw()
  #slowly = new Slowly(() => this.#read(), 1500)
  #wanted = 0
  #stops: (() => void)[] = []

  /** Keeps counting until the returned function is called: made for $effect. */
  start(): () => void {
    if (this.#wanted++ === 0) this.#begin()
    return () => {
      if (--this.#wanted === 0) for (const stop of this.#stops.splice(0)) stop()
    }
  }

  /** Something was read or marked here. */
  soon(): void {
    if (this.#wanted) this.#slowly.soon()
  }

  #begin(): void {
    const { client } = connection
    this.#slowly = new Slowly(() => this.#read(), 1500)
    const slowly = this.#slowly
    this.#stops = [
      client.on('frame', (frame) => {
        if (telling.has(frame.type)) slowly.soon()
      }),
      client.on('reread', () => slowly.soon()),
      () => slowly.stop(),
    ]
    slowly.now()
  }

  async #read(): Promise<void> {
    if (!session.can('conversation.view')) return
    try {
      this.now = await api.get<Counts>('/conversations/counts')
    } catch {
      // the last counts stay; the next frame or reconnect asks again
    }
  }
}

export const counts = new LiveCounts()
