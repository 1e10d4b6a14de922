// What I have sent and the server has not confirmed yet: shown under the history,
// each under its own key until the server says yes or no. Kept in the tab, so that a
// reload in between neither loses a message nor sends it twice.

import { ApiError } from '../../lib/api'
import { type Store, tab } from '../../lib/storage'
import { outcome } from '../send/sending'
import type { Sent } from './api'
import type { Attachment } from './types'

export type State =
  | { name: 'sending' }
  /** unknown: it may have arrived. busy: it has not; the server could not take it. */
  | { name: 'failed'; why: 'unknown' | 'busy'; error: unknown }
  | { name: 'refused'; error: unknown; conflict?: 'assigned' | 'seen' | 'person' }

export type Outgoing = {
  readonly key: string
  readonly kind: 'message' | 'note'
  readonly at: string
  readonly message: Omit<Sent, 'key'> & { mentions?: string[] }
  readonly attachments: readonly Attachment[]
  readonly state: State
}

const sameMinute = 60_000

/** The state after a failed try. */
export function failed(error: unknown): State {
  const what = outcome(error)
  if (what !== 'refused') return { name: 'failed', why: what, error }
  const field = error instanceof ApiError && error.code === 'conflict' ? error.field : undefined
  return { name: 'refused', error, conflict: field === 'assigned' || field === 'seen' || field === 'person' ? field : undefined }
}

export class Outbox {
  list: readonly Outgoing[] = $state.raw([])
  #name: string
  #store: Store

  constructor(conversation: string, store: Store = tab) {
    this.#name = `outbox.${conversation}`
    this.#store = store
    try {
      const kept = JSON.parse(store.getItem(this.#name) ?? '[]') as Outgoing[]
      this.list = kept.map((o) => ({ ...o, state: { name: 'failed', why: 'unknown', error: undefined } }))
    } catch {
      // what was there is not ours
    }
  }

  get(key: string): Outgoing | undefined {
    return this.list.find((o) => o.key === key)
  }

  put(one: Outgoing): void {
    this.list = this.list.some((o) => o.key === one.key) ? this.list.map((o) => (o.key === one.key ? one : o)) : [...this.list, one]
    this.#keep()
  }

  drop(key: string): void {
    this.list = this.list.filter((o) => o.key !== key)
    this.#keep()
  }

  /**
   * One of mine has come as part of the history before any answer: what stood for it goes. That is one on its way, or one of
   * that minute whose answer was lost; an older one of the same words may be another.
   */
  landed(body: string, at: string): void {
    const same = this.list.filter((o) => o.message.body === body)
    const one =
      same.find((o) => o.state.name === 'sending') ??
      same.find((o) => o.state.name === 'failed' && o.state.why === 'unknown' && Math.abs(Date.parse(at) - Date.parse(o.at)) < sameMinute)
    if (one) this.drop(one.key)
  }

  #keep(): void {
    try {
      if (this.list.length) this.#store.setItem(this.#name, JSON.stringify(this.list.map((o) => ({ ...o, state: undefined }))))
      else this.#store.removeItem(this.#name)
    } catch {
      // still on the page
    }
  }
}
