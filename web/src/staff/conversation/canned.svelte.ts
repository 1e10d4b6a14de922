// The canned replies, read once and again each time their menu opens.

import { conversations } from './api'
import type { Canned } from './types'

class CannedReplies {
  list: readonly Canned[] | undefined = $state.raw()
  failure: unknown = $state.raw()
  #at = 0

  /** Reads them if that was not done just now. */
  load(): void {
    if (Date.now() - this.#at < 5000) return
    this.#at = Date.now()
    conversations.canned().then(
      (list) => {
        this.list = list
        this.failure = undefined
      },
      (error: unknown) => {
        this.failure = error
        this.#at = 0
      },
    )
  }
}

export const canned = new CannedReplies()
