// Which channels the server has, read once for the page. Until then, and if it cannot
// be known, none: nothing is offered that may not work.

import { api } from '../../lib/session.svelte'
import { type Channels, copied, type Copied } from './types'

class Available {
  now: Channels | undefined = $state.raw()
  #read: Promise<void> | undefined

  load(): void {
    this.#read ??= api
      .get<Channels>('/channels')
      .then((answer) => void (this.now = answer))
      .catch(() => void (this.#read = undefined))
  }

  /** What staff can choose. */
  get list(): readonly Copied[] {
    return copied.filter((channel) => this.now?.[channel]?.enabled)
  }
}

export const available = new Available()
