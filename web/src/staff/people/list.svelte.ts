// A list of people: pages of the server's list, in its order. It is read again when the server says that
// people or groups changed, and after a reconnect.

import { ApiError } from '../../lib/api'
import { connection } from '../../lib/connection.svelte'
import { api } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'
import { none, type PeopleView, toQuery, toWire } from './query'
import type { Person } from './types'

const page = 100

export class PeopleList {
  readonly group: string
  view: PeopleView = none
  rows: readonly Person[] = $state.raw([])
  total = $state(0)
  ready = $state(false)
  busy = $state(false)
  failure: unknown = $state.raw()
  stale = $state(false)
  more = $state(false)

  #next = ''
  #asked = 0
  #again = new Slowly(() => this.#reread(), 4000)

  /** group: '' for all of mine. */
  constructor(group: string) {
    this.group = group
  }

  start(): () => void {
    const { client } = connection
    const stops = [client.on('frame', (frame) => (frame.type === 'welcome' || frame.type === 'groups') && this.ready && this.#again.soon()), client.on('reread', () => this.#again.soon())]
    return () => {
      this.#asked++
      this.#again.stop()
      for (const stop of stops) stop()
    }
  }

  ask(view: PeopleView): void {
    if (this.ready && toQuery(view) === toQuery(this.view)) return
    this.view = view
    void this.#first()
  }

  refresh(): void {
    void this.#first()
  }

  async next(): Promise<void> {
    if (!this.more || this.busy) return
    const mine = this.#asked
    this.busy = true
    try {
      const answer = await this.#get(this.#next, page)
      if (mine !== this.#asked) return
      const have = new Set(this.rows.map((p) => p.id))
      this.rows = [...this.rows, ...answer.people.filter((p) => !have.has(p.id))]
      this.#place(answer)
    } catch (error) {
      if (mine !== this.#asked) return
      // The organisation's language was changed, and the order with it: the list begins anew.
      if (error instanceof ApiError && error.field === 'after') void this.#first()
      else this.stale = true
    } finally {
      if (mine === this.#asked) this.busy = false
    }
  }

  async #first(): Promise<void> {
    const mine = ++this.#asked
    this.busy = true
    this.failure = undefined
    try {
      const answer = await this.#get('', page)
      if (mine !== this.#asked) return
      this.rows = answer.people
      this.ready = true
      this.#place(answer)
    } catch (error) {
      if (mine !== this.#asked) return
      this.failure = error
      this.ready = false
      this.rows = []
      this.more = false
    } finally {
      if (mine === this.#asked) this.busy = false
    }
  }

  /** What is loaded once more; a long list only where it begins. */
  async #reread(): Promise<void> {
    if (this.busy || this.rows.length > 200) return
    const mine = this.#asked
    try {
      const answer = await this.#get('', Math.max(page, this.rows.length))
      if (mine !== this.#asked) return
      this.rows = answer.people
      this.#place(answer)
    } catch {
      this.stale = true
    }
  }

  #get(after: string, limit: number) {
    return api.get<{ people: Person[]; total: number; next?: string }>('/people', { query: { ...toWire(this.view, this.group), limit, after: after || undefined } })
  }

  #place(answer: { total: number; next?: string }): void {
    this.total = answer.total
    this.#next = answer.next ?? ''
    this.more = this.#next !== ''
    this.stale = false
  }
}
