// One sending's board, live: the sending and its recipients, read again when the
// server says that counts changed, at most once a second.

import { connection } from '../../lib/connection.svelte'
import { clock } from '../../lib/clock.svelte'
import { api } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'
import type { Broadcast, Recipient } from '../types'

export class LiveBoard {
  readonly id: string
  broadcast: Broadcast | undefined = $state.raw()
  recipients: readonly Recipient[] | undefined = $state.raw()
  failure: unknown = $state.raw()
  /** The last reading failed; what is shown is from `readAt`. */
  stale = $state(false)
  readAt = $state(0)
  /** Who has come further since the reading before. */
  marks: ReadonlySet<string> = $state.raw(new Set())

  #read = new Slowly(() => this.#reading(), 1000)
  #stops: (() => void)[] = []
  #watching = false

  constructor(id: string) {
    this.id = id
  }

  start(): () => void {
    const { client } = connection
    this.#stops = [
      client.on('frame', (frame) => {
        if (frame.type === 'welcome') this.refresh()
        else if ((frame.type === 'broadcasts' || frame.type === 'enrolment' || frame.type === 'test') && frame.test === this.broadcast?.test.id) this.#read.soon()
      }),
      client.on('reread', () => this.refresh()),
      () => this.#read.stop(),
    ]
    this.refresh()
    return () => {
      for (const stop of this.#stops.splice(0)) stop()
    }
  }

  refresh(): void {
    this.#read.now()
  }

  /** Puts rows that the server has just answered with in place of ours. */
  replace(rows: readonly Recipient[]): void {
    const by = new Map(rows.map((r) => [r.id, r]))
    this.recipients = this.recipients?.map((r) => by.get(r.id) ?? r)
    this.refresh()
  }

  /** A test tells when counts change. Other groups do not: their boards are read every few seconds while somebody looks. */
  #follow(b: Broadcast): () => void {
    if (b.test.id && (b.kind ?? 'test') === 'test') return connection.watch(b.test.id)
    const timer = setInterval(() => document.visibilityState === 'visible' && this.#read.soon(), 4000)
    return () => clearInterval(timer)
  }

  async #reading(): Promise<void> {
    try {
      const [one, people] = await Promise.all([
        api.get<{ broadcast: Broadcast }>(`/broadcasts/${this.id}`),
        api.get<{ recipients: Recipient[] }>(`/broadcasts/${this.id}/recipients`),
      ])
      const before = new Map(this.recipients?.map((r) => [r.id, r]))
      this.marks = new Set(
        people.recipients.filter((r) => {
          const old = before.get(r.id)
          return old && (old.state !== r.state || !old.told !== !r.told)
        }).map((r) => r.id),
      )
      this.broadcast = one.broadcast
      this.recipients = people.recipients
      this.failure = undefined
      this.stale = false
      this.readAt = clock.read()
      if (!this.#watching && this.#stops.length) {
        // Which test it is we know only now. What happened meanwhile is read once more after the answer.
        this.#watching = true
        this.#stops.push(this.#follow(one.broadcast))
        this.#read.soon()
      }
    } catch (error) {
      if (this.broadcast) this.stale = true
      else this.failure = error
    }
  }
}
