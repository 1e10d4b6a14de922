// The canned replies, read once and again each time their menu opens.

import { conversations } from './api'
import type { Canned } from './types'

class CannedReplies {
  list: readonly Canned[] | undefined = $state.raw()
  failure: unknown = $state.raw()
  #at = 0

  #reading: Promise<void> = Promise.resolve()

  /** Reads them if that was not done just now. Done when what there is to show is there. */
  load(): Promise<void> {
    if (Date.now() - this.#at < 5000) return this.#reading
    this.#at = Date.now()
    this.#reading = conversations.canned().then(
      (list) => {
        this.list = list
        this.failure = undefined
      },
      (error: unknown) => {
        this.failure = error
        this.#at = 0
      },
    )
    return this.#reading
  }
}

export const canned = new CannedReplies()
