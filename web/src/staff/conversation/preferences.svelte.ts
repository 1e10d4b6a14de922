// What the staff member has chosen for the pages, remembered by the server.

import { api } from '../../lib/session.svelte'

class Preferences {
  /** Enter sends; off: it makes a new line. */
  enterSends = $state(true)
  /** One mail for several replies, while one is away. Undefined until it is known. */
  emailReplies: boolean | undefined = $state()
  /** A mail about mentions, while one is away: yes unless one says no. Undefined until it is known. */
  emailMentions: boolean | undefined = $state()
  /** Nobody has said yet whether such a mail is wanted. */
  undecided = $state(false)
  #read: Promise<void> | undefined

  /** Reads them once; until then, and if it cannot be done, what most people want. */
  load(): void {
    this.#read ??= api
      .get<{ enter_sends?: boolean; notify_email?: string; notify_mentions?: string }>('/me/preferences')
      .then((p) => {
        if (typeof p.enter_sends === 'boolean') this.enterSends = p.enter_sends
        this.undecided = p.notify_email === undefined
        this.emailReplies = p.notify_email !== undefined && p.notify_email !== 'off'
        this.emailMentions = p.notify_mentions !== 'off'
      })
      .catch(() => {
        this.#read = undefined
      })
  }

  async setEmailReplies(on: boolean): Promise<void> {
    const before = this.emailReplies
    const undecided = this.undecided
    this.emailReplies = on
    this.undecided = false
    try {
      await api.put('/me/preferences', { notify_email: on ? 'grouped' : 'off' })
    } catch (error) {
      this.emailReplies = before
      this.undecided = undecided
      throw error
    }
  }

  async setEmailMentions(on: boolean): Promise<void> {
    const before = this.emailMentions
    this.emailMentions = on
    try {
      await api.put('/me/preferences', { notify_mentions: on ? 'email' : 'off' })
    } catch (error) {
      this.emailMentions = before
      throw error
    }
  }

  async setEnterSends(on: boolean): Promise<void> {
    this.enterSends = on
    await api.put('/me/preferences', { enter_sends: on })
  }
}

export const preferences = new Preferences()
