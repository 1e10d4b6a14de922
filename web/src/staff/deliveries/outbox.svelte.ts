// The Outbox of a server that sends nothing out: whether there is one, and what stands
// in it, newest first.

import { ApiError } from '../../lib/api'
import { connection } from '../../lib/connection.svelte'
import { api } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'
import type { Captured } from './types'

type Answer = { outbox: Captured[]; next?: string }

class Outbox {
  /** Undefined until it is known. */
  exists: boolean | undefined = $state()
  list: readonly Captured[] | undefined = $state.raw()
  next = $state('')
  failure: unknown = $state.raw()
  busy = $state(false)
  /** What has come since the reading before. */
  marks: ReadonlySet<string> = $state.raw(new Set())
  #asked: Promise<void> | undefined
  #slowly = new Slowly(() => this.#read(), 1000)

  /** Finds out once whether there is one. */
  ask(): void {
    this.#asked ??= this.#read()
  }

  /** Reads it and keeps it new until the returned function is called. */
  follow(): () => void {
    const stops = [
      connection.client.on('frame', (frame) => (frame.type === 'welcome' || frame.type === 'outbox') && this.#slowly.soon()),
      connection.client.on('reread', () => this.#slowly.soon()),
      () => this.#slowly.stop(),
    ]
    this.#slowly.now()
    return () => stops.forEach((stop) => stop())
  }

  refresh(): void {
    this.#slowly.now()
  }

  async more(): Promise<void> {
    if (!this.next || this.busy) return
    this.busy = true
    try {
      const page = await api.get<Answer>('/outbox', { query: { limit: 50, before: this.next } })
      this.list = [...(this.list ?? []), ...page.outbox]
      this.next = page.next ?? ''
    } catch (error) {
      this.failure = error
    } finally {
      this.busy = false
    }
  }

  /** Answers as the recipient would. Throws ApiError. */
  answer(id: string, body: string): Promise<void> {
    return api.post(`/outbox/${encodeURIComponent(id)}/reply`, { body })
  }

  async #read(): Promise<void> {
    try {
      const page = await api.get<Answer>('/outbox', { query: { limit: 50 } })
      const had = this.list
      const known = new Set(had?.map((one) => one.id))
      const fresh = new Set(page.outbox.map((one) => one.id))
      this.exists = true
      this.marks = new Set(had ? page.outbox.filter((one) => !known.has(one.id)).map((one) => one.id) : [])
      // More had been read: what is older stays below, if the two still join.
      const joins = had && had.length > page.outbox.length && page.outbox.some((one) => known.has(one.id))
      this.list = joins ? [...page.outbox, ...had.filter((one) => !fresh.has(one.id))] : page.outbox
      if (!joins) this.next = page.next ?? ''
      this.failure = undefined
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not_found') this.exists = false
      else {
        this.failure = error
        this.#asked = undefined
      }
    }
  }
}

export const outbox = new Outbox()

export const mailAddress = (id: string) => `/api/v1/outbox/${encodeURIComponent(id)}/html`
export const rawAddress = (id: string) => `/api/v1/outbox/${encodeURIComponent(id)}/raw`
