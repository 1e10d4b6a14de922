// A chat between staff: direct, or the back channel of a group. Text only.

import { untrack } from 'svelte'
import { connection } from '../../lib/connection.svelte'
import { api, session } from '../../lib/session.svelte'
import type { ServerFrame } from '../../protocol/frames'
import type { History } from '../conversation/history'
import { failed, Outbox, type Outgoing } from '../conversation/outgoing.svelte'
import { append, prepend, replaceNewest } from '../conversation/timeline'
import type { Author, Colleague, Group, Item, MessageItem } from '../conversation/types'
import { newKey } from '../send/draft'

export type TeamThread = {
  id: string
  kind: 'direct' | 'group'
  name: string
  person?: Colleague
  group?: Group
  last?: { line: string; at: string; from: Author }
  unread: number
}

type Wire = { id: string; body: string; from: Author; at: string }

const at = (thread: string) => `/team/${encodeURIComponent(thread)}`
const pageSize = 40

export class TeamChat implements History {
  readonly thread: string
  items: readonly Item[] = $state.raw([])
  ready = $state(false)
  failure: unknown = $state.raw()
  stale = $state(false)
  more = $state(false)
  loadingOlder = $state(false)
  olderFailure: unknown = $state.raw()
  latest: Item | undefined = $state.raw()
  /** Something came that nobody has looked at yet. */
  unread = $state(true)
  readonly outbox: Outbox
  #next = ''
  #sending: Promise<void> = Promise.resolve()
  #stops: (() => void)[] = []

  constructor(thread: string) {
    this.thread = thread
    this.outbox = new Outbox('team.' + thread)
  }

  start(): () => void {
    const { client } = connection
    this.#stops = [client.on('frame', (frame) => this.#frame(frame)), client.on('reread', () => this.refresh())]
    untrack(() => this.refresh())
    return () => {
      for (const stop of this.#stops.splice(0)) stop()
    }
  }

  refresh(): void {
    void this.#read()
  }

  async older(limit = pageSize): Promise<void> {
    if (!this.more || this.loadingOlder) return
    this.loadingOlder = true
    this.olderFailure = undefined
    try {
      const page = await this.#page({ before: this.#next, limit })
      this.items = prepend(this.items, page.items)
    } catch (error) {
      this.olderFailure = error
    } finally {
      this.loadingOlder = false
    }
  }

  async find(id: string): Promise<boolean> {
    return this.items.some((i) => i.id === id)
  }

  send(body: string): void {
    void this.#try({ key: newKey(), kind: 'message', message: { body }, attachments: [], at: new Date().toISOString(), state: { name: 'sending' } })
  }

  again(key: string): void {
    const one = this.outbox.get(key)
    if (one && one.state.name !== 'sending') void this.#try(one)
  }

  async seen(): Promise<void> {
    if (!this.unread) return
    this.unread = false
    await api.post(`${at(this.thread)}/read`).catch(() => (this.unread = true))
  }

  /** One after the other, so that what was written first arrives first. */
  #try(one: Outgoing): Promise<void> {
    this.outbox.put({ ...one, state: { name: 'sending' } })
    return (this.#sending = this.#sending.then(() => this.#post(one)))
  }

  async #post(one: Outgoing): Promise<void> {
    try {
      const { message } = await api.post<{ message: Wire }>(`${at(this.thread)}/messages`, { key: one.key, body: one.message.body })
      this.items = append(this.items, [item(message)])
      this.outbox.drop(one.key)
    } catch (error) {
      if (this.outbox.get(one.key)) this.outbox.put({ ...one, state: failed(error) })
    }
  }

  #frame(frame: ServerFrame): void {
    if (frame.type === 'welcome') return this.refresh()
    if (frame.type !== 'team' || frame.thread !== this.thread) return
    const one = item(frame.message)
    const known = this.items.some((i) => i.id === one.id)
    if (one.direction === 'out') this.outbox.landed(one.body)
    this.items = append(this.items, [one])
    if (known) return
    this.latest = one
    if (one.direction === 'in') this.unread = true
  }

  async #read(): Promise<void> {
    try {
      const before = this.#next
      const page = await this.#page({ limit: pageSize })
      const joined = replaceNewest(this.items, page.items)
      if (this.ready && !joined.gap) {
        // What we had further back still stands, and so does the place to go on from there.
        this.#next = before
        this.more = before !== ''
      }
      this.items = joined.items
      this.ready = true
      this.failure = undefined
      this.stale = false
    } catch (error) {
      if (this.ready) this.stale = true
      else this.failure = error
    }
  }

  async #page(query: { before?: string; limit: number }): Promise<{ items: Item[] }> {
    const page = await api.get<{ messages: Wire[]; next: string }>(at(this.thread), { query })
    this.#next = page.next ?? ''
    this.more = this.#next !== ''
    return { items: page.messages.map(item) }
  }
}

/** A message between staff as a timeline draws it. */
export function item(wire: Wire): MessageItem {
  const mine = wire.from.id === session.me?.id
  return { type: 'message', id: wire.id, direction: mine ? 'out' : 'in', body: wire.body, from: wire.from, at: wire.at }
}
