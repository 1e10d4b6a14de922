// The rows of the list as they are shown: which there are and in what order waits while the pointer is over them.

import { steady } from '../lists/steady'
import type { ConversationList } from './list.svelte'
import { append, differing, type Line } from './rows'

export class Kept {
  readonly #list: ConversationList
  /** The pointer is over the list. */
  hold = $state(false)
  #released = $state(0)
  #before: readonly Line[] = []
  #beforeOf = ''
  #appended: readonly Line[] = []

  constructor(list: ConversationList) {
    this.#list = list
  }

  /** What is drawn; `pending`: how many rows differ from what the list has by now. */
  readonly shown = $derived.by(() => this.#steady())

  /** Shows the list as it is, pointer or not. */
  release(): void {
    this.#released++
  }

  #steady() {
    const list = this.#list
    const turn = `${list.turns} ${this.#released}`
    if (list.appended !== this.#appended) {
      this.#appended = list.appended
      this.#before = append(this.#before, this.#appended)
    }
    const held = this.hold && this.#beforeOf === turn && this.#before.length > 0
    let find: (id: string) => Line | undefined = () => undefined
    if (held) {
      // A row that has left the list is still shown, as it was.
      const now = new Map(list.rows.map((r) => [r.id, r]))
      const shown = this.#before
      let old: Map<string, Line> | undefined
      find = (id) => now.get(id) ?? (old ??= new Map(shown.map((r) => [r.id, r]))).get(id)
    }
    const now = steady(this.#before, list.rows, held, find)
    this.#before = now.rows
    this.#beforeOf = turn
    return { ...now, pending: held ? differing(now.rows, list.rows) : 0 }
  }
}
