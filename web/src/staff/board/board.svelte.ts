// One sending's board, live: the sending and its recipients, read again when the
// server says that counts changed, at most once a second.

import { connection } from '../../lib/connection.svelte'
import { ApiError } from '../../lib/api'
import { clock } from '../../lib/clock.svelte'
import { api } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'
import type { Broadcast, Recipient } from '../types'

/** The parts of a sending as one: what was sent once, and how far all of it has come. */
export function together(parts: readonly Broadcast[]): Broadcast {
  const counts = { ...parts[0]!.counts }
  for (const one of parts.slice(1)) for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += one.counts[name] ?? 0
  return { ...parts[0]!, counts, left_out: parts.flatMap((one) => one.left_out ?? []) }
}

export class LiveBoard {
  readonly id: string
  /** This part alone, of a sending in several. */
  readonly alone: boolean
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

  constructor(id: string, alone = false) {
    this.id = id
    this.alone = alone
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
    this.recipients = this.recipients?.map((r) => (by.has(r.id) ? { ...by.get(r.id)!, broadcast: r.broadcast } : r))
    this.refresh()
  }

  /** A test tells when counts change. Other groups do not: their boards are read every few seconds while somebody looks. */
  #follow(b: Broadcast): () => void {
    if (b.test.id && (b.kind ?? 'test') === 'test') return connection.watch(b.test.id)
    const timer = setInterval(() => document.visibilityState === 'visible' && this.#read.soon(), 4000)
    return () => clearInterval(timer)
  }

  async #one(id: string): Promise<{ broadcast: Broadcast; recipients: Recipient[] }> {
    const [{ broadcast }, { recipients }] = await Promise.all([
      api.get<{ broadcast: Broadcast }>(`/broadcasts/${id}`),
      api.get<{ recipients: Recipient[] }>(`/broadcasts/${id}/recipients`),
    ])
    return { broadcast, recipients: recipients.map((r) => ({ ...r, broadcast: id })) }
  }

  /** All parts that one may see; of a sending in one part that one. */
  async #all(): Promise<{ broadcast: Broadcast; recipients: Recipient[] }> {
    const mine = await this.#one(this.id)
    const { part } = mine.broadcast
    if (!part || this.alone) return mine
    const others = part.ids.filter((id) => id !== this.id)
    const found = await Promise.all(
      others.map((id) =>
        this.#one(id).catch((error: unknown) => {
          if (error instanceof ApiError && error.status === 404) return undefined // none of its people are one's own
          throw error
        }),
      ),
    )
    const all = [mine, ...found.filter((one) => one !== undefined)].sort((a, b) => (a.broadcast.part?.n ?? 0) - (b.broadcast.part?.n ?? 0))
    return { broadcast: together(all.map((one) => one.broadcast)), recipients: all.flatMap((one) => one.recipients) }
  }

  async #reading(): Promise<void> {
    try {
      const { broadcast, recipients } = await this.#all()
      const before = new Map(this.recipients?.map((r) => [r.id, r]))
      this.marks = new Set(
        recipients.filter((r) => {
          const old = before.get(r.id)
          return old && (old.state !== r.state || !old.told !== !r.told)
        }).map((r) => r.id),
      )
      this.broadcast = broadcast
      this.recipients = recipients
      this.failure = undefined
      this.stale = false
      this.readAt = clock.read()
      if (!this.#watching && this.#stops.length) {
        // Which test it is we know only now. What happened meanwhile is read once more after the answer.
        this.#watching = true
        this.#stops.push(this.#follow(broadcast))
        this.#read.soon()
      }
    } catch (error) {
      if (this.broadcast) this.stale = true
      else this.failure = error
    }
  }
}
