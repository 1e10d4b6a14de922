// The organisation's deliveries as the page shows them: what was asked for, page by
// page, read again while somebody looks.

import { connection } from '../../lib/connection.svelte'
import { api } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'
import { Patience } from './patience'
import type { Delivery, DeliveryState } from './types'

const pageSize = 50
/** The most that is read again at once; of a longer list the first are. */
const most = 200
/** Frames after which copies may stand elsewhere: the outbox grew, an answer came, a sending was made. */
const telling: ReadonlySet<string> = new Set(['welcome', 'outbox', 'conversation', 'conversations'])

export type Ask = { state?: string; channel?: string; person?: string }
type Answer = { deliveries: Delivery[]; counts: Partial<Record<DeliveryState, number>>; next?: string }

export class LiveDeliveries {
  list: readonly Delivery[] | undefined = $state.raw()
  counts: Answer['counts'] = $state.raw({})
  next = $state('')
  failure: unknown = $state.raw()
  busy = $state(false)
  /** Copies that have come further since the reading before. */
  marks: ReadonlySet<string> = $state.raw(new Set())
  #ask: Ask = {}
  #reading = 0
  #slowly = new Slowly(() => this.#refresh(), 3000)
  #again = new Patience(() => this.#slowly.soon())

  start(): () => void {
    const stops = [
      connection.client.on('frame', (frame) => {
        if (!telling.has(frame.type)) return
        this.#again.anew()
        this.#slowly.soon()
      }),
      connection.client.on('reread', () => this.#slowly.soon()),
      () => this.#slowly.stop(),
      this.#again.start(),
    ]
    return () => stops.forEach((stop) => stop())
  }

  /** Shows something else. */
  async show(ask: Ask): Promise<void> {
    this.#ask = ask
    this.list = undefined
    this.marks = new Set()
    await this.#read(pageSize)
  }

  /** Reads what is shown again. */
  refresh(): void {
    this.#again.anew()
    this.#slowly.now()
  }

  async more(): Promise<void> {
    if (!this.next || this.busy) return
    this.busy = true
    const mine = this.#reading
    try {
      const page = await api.get<Answer>('/deliveries', { query: { ...this.#ask, limit: pageSize, after: this.next } })
      if (mine !== this.#reading) return
      const known = new Set(this.list?.map((d) => d.id))
      this.list = [...(this.list ?? []), ...page.deliveries.filter((d) => !known.has(d.id))]
      this.next = page.next ?? ''
      this.failure = undefined
    } catch (error) {
      this.failure = error
    } finally {
      this.busy = false
    }
  }

  /** Throws ApiError. Returns how many are tried again. */
  async retry(ids: readonly string[]): Promise<number> {
    const { retried } = await api.post<{ retried: number }>('/deliveries/retry', { ids })
    this.refresh()
    return retried
  }

  async #refresh(): Promise<void> {
    const shown = this.list?.length ?? 0
    // A page is being added, or more is shown than is read at once: its rows keep their place.
    if (this.busy) return
    await this.#read(Math.min(most, Math.max(pageSize, shown)), shown > most)
  }

  async #read(limit: number, keepRest = false): Promise<void> {
    const mine = ++this.#reading
    try {
      const page = await api.get<Answer>('/deliveries', { query: { ...this.#ask, limit } })
      if (mine !== this.#reading) return
      const before = new Map(this.list?.map((d) => [d.id, d]))
      this.marks = new Set(page.deliveries.filter((d) => before.has(d.id) && before.get(d.id)!.state !== d.state).map((d) => d.id))
      const fresh = new Set(page.deliveries.map((d) => d.id))
      this.list = keepRest ? [...page.deliveries, ...this.list!.slice(limit).filter((d) => !fresh.has(d.id))] : page.deliveries
      if (!keepRest) this.next = page.next ?? ''
      this.counts = page.counts
      if (this.marks.size) this.#again.anew()
      this.failure = undefined
    } catch (error) {
      if (mine === this.#reading) this.failure = error
    }
  }
}
