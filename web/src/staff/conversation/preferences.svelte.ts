// What the staff member has chosen for the pages, remembered by the server.

import { api } from '../../lib/session.svelte'

class Preferences {
  /** Enter sends; off: it makes a new line. */
  enterSends = $state(true)
  #read: Promise<void> | undefined

  /** Reads them once; until then, and if it cannot be done, what most people want. */
  load(): void {
    this.#read ??= api
      .get<{ enter_sends?: boolean }>('/me/preferences')
      .then((p) => {
        if (typeof p.enter_sends === 'boolean') this.enterSends = p.enter_sends
      })
      .catch(() => {
        this.#read = undefined
      })
  }

  async setEnterSends(on: boolean): Promise<void> {
    this.enterSends = on
    await api.put('/me/preferences', { enter_sends: on })
  }
}

export const preferences = new Preferences()
