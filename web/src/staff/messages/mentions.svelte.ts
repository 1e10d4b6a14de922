// The notes that mention me, newest first, page by page; read again when one comes or is read.

import { connection } from '../../lib/connection.svelte'
import { api } from '../../lib/session.svelte'
import { Slowly } from '../lists/slowly'

type Named = { id: string; name: string }

export interface Mention {
  item: string
  person: Named
  group?: { id: string; kind: string; name: string }
  from: Named
  at: string
  line: string
  unread: boolean
}

type Answer = { mentions: Mention[]; next?: string }

const pageSize = 50
/** The most that is read again at once. */
const most = 200
/** Frames after which the list may be another. */
const telling: ReadonlySet<string> = new Set(['welcome', 'mention', 'read', 'conversations'])

export class LiveMentions {
  list: readonly Mention[] | undefined = $state.raw()
  next = $state('')
  failure: unknown = $state.raw()
  busy = $state(false)
  #slowly = new Slowly(() => this.#read(), 1500)

  /** Made for $effect. */
  start(): () => void {
    const stops = [
      connection.client.on('frame', (frame) => void (telling.has(frame.type) && this.#slowly.soon())),
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
      const page = await api.get<Answer>('/mentions', { query: { limit: pageSize, before: this.next } })
      const known = new Set(this.list?.map((one) => one.item))
      this.list = [...(this.list ?? []), ...page.mentions.filter((one) => !known.has(one.item))]
      this.next = page.next ?? ''
      this.failure = undefined
    } catch (error) {
      this.failure = error
    } finally {
      this.busy = false
    }
  }

  async #read(): Promise<void> {
    if (this.busy) return this.#slowly.soon()
    try {
      const page = await api.get<Answer>('/mentions', { query: { limit: Math.min(most, Math.max(pageSize, this.list?.length ?? 0)) } })
      this.list = page.mentions
      this.next = page.next ?? ''
      this.failure = undefined
    } catch (error) {
      this.failure = error
    }
  }
}
