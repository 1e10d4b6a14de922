// What came in by email or SMS and waits for somebody to place it.

import { connection } from '../../lib/connection.svelte'
import { api } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'
import { Patience } from './patience'
import type { Unmatched } from './types'

type Answer = { inbound: Unmatched[]; next?: string }

/** Frames after which something may have come in, or been placed by somebody else. */
const telling: ReadonlySet<string> = new Set(['welcome', 'outbox', 'conversation', 'unmatched'])

export class LiveUnmatched {
  list: readonly Unmatched[] | undefined = $state.raw()
  next = $state('')
  failure: unknown = $state.raw()
  /** What is being done: the id of one, or 'more'. */
  busy = $state('')
  marks: ReadonlySet<string> = $state.raw(new Set())
  #slowly = new Slowly(() => this.#read(), 3000)
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
    this.#slowly.now()
    return () => stops.forEach((stop) => stop())
  }

  refresh(): void {
    this.#slowly.now()
  }

  /** Puts it into a person's conversation. Returns the message that it became. Throws ApiError. */
  async assign(id: string, person: string): Promise<string> {
    this.busy = id
    try {
      const { message } = await api.post<{ message: { id: string } }>(`/unmatched/${encodeURIComponent(id)}/assign`, { person })
      this.#drop(id)
      return message.id
    } finally {
      this.busy = ''
    }
  }

  /** Throws ApiError. */
  async discard(id: string, note: string): Promise<void> {
    await api.post(`/unmatched/${encodeURIComponent(id)}/discard`, { note })
    this.#drop(id)
  }

  /** Discards several with one note. Returns how many still waited. Throws ApiError. */
  async discardMany(ids: readonly string[], note: string): Promise<number> {
    const { discarded } = await api.post<{ discarded: number }>('/unmatched/discard', { ids, note })
    for (const id of ids) this.#drop(id)
    return discarded
  }

  async more(): Promise<void> {
    if (!this.next || this.busy) return
    this.busy = 'more'
    try {
      const page = await api.get<Answer>('/unmatched', { query: { limit: 50, after: this.next } })
      const known = new Set(this.list?.map((one) => one.id))
      this.list = [...(this.list ?? []), ...page.inbound.filter((one) => !known.has(one.id))]
      this.next = page.next ?? ''
    } catch (error) {
      this.failure = error
    } finally {
      this.busy = ''
    }
  }

  #drop(id: string): void {
    this.list = this.list?.filter((one) => one.id !== id)
    this.#slowly.soon()
  }

  async #read(): Promise<void> {
    if (this.busy) return this.#slowly.soon()
    try {
      const had = this.list
      const page = await api.get<Answer>('/unmatched', { query: { limit: Math.min(200, Math.max(50, had?.length ?? 0)) } })
      const known = new Set(had?.map((one) => one.id))
      this.marks = new Set(had ? page.inbound.filter((one) => !known.has(one.id)).map((one) => one.id) : [])
      this.list = page.inbound
      if (this.marks.size) this.#again.anew()
      this.next = page.next ?? ''
      this.failure = undefined
    } catch (error) {
      this.failure = error
    }
  }
}
