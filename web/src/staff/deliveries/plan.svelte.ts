// What would become of the copies of a message to one person, asked when the choice
// changes and again before it grows old.

import { conversations } from '../conversation/api'
import type { Copied, Plan } from './types'

/** Milliseconds after which an answer is asked for again when somebody looks. */
const fresh = 60_000

export class LivePlan {
  now: Plan | undefined = $state.raw()
  failed = $state(false)
  #for = ''
  #at = 0
  #asked = 0

  /** Asks unless what is known is of the same choice and fresh. */
  async look(person: string, chosen: readonly Copied[], group = ''): Promise<void> {
    const name = [person, group, ...chosen].join(' ')
    if (name === this.#for && Date.now() - this.#at < fresh) return
    const mine = ++this.#asked
    if (name !== this.#for) this.now = undefined
    this.#for = name
    this.#at = Date.now()
    this.failed = false
    try {
      const plan = await conversations.plan(person, chosen, group)
      if (mine === this.#asked) this.now = plan
    } catch {
      if (mine !== this.#asked) return
      this.failed = true
      this.#for = ''
    }
  }
}
