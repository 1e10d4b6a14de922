import { api } from '../lib/session.svelte'
import { connection } from '../lib/connection.svelte'
import type { InboxMessage } from '../lib/types'
import type { ReceiptName } from '../protocol/frames'
import { arrive, raise, reread } from './merge'
import { unread } from './search'
import { Tabs } from './tabs'

type Page = { messages: InboxMessage[]; next?: string | null }

const PAGE = 200
const MOST_PAGES = 50
/** Messages that a poll asks for. */
const POLLED = 50
/** Whoever was cut off for less than this has missed nothing. */
const SHORT = 60_000

/**
 * Everything ever sent to this candidate, newest first, kept true by the socket and by the other tabs. Reading the list from the
 * server and live frames may overlap in any order; `merge.ts` has the rules.
 */
class Inbox {
  list: InboxMessage[] = $state.raw([])
  /** reading: no answer yet; failed: `error` says why, the list may be old. */
  phase: 'reading' | 'ready' | 'failed' = $state('reading')
  error: unknown = $state.raw()
  readonly unread = $derived(this.list.filter(unread).length)

  #arrived = new Set<string>()
  /** Messages that came while the page was up; the others had been missed. */
  #live = new Set<string>()
  #reading: Promise<void> | undefined
  #again = false
  #tabs: Tabs | undefined

  /** Listens for as long as this person is signed in. Returns how to stop. */
  follow(person: string): () => void {
    this.list = []
    this.#live.clear()
    this.phase = 'reading'
    const tabs = (this.#tabs = new Tabs(person, (id, state) => this.#rise(id, state)))
    const { client } = connection
    const stops = [
      client.on('frame', (frame) => {
        if (frame.type === 'message') {
          if (this.#attended()) this.#live.add(frame.message.id)
          this.#arrive(frame.message)
        }
        else if (frame.type === 'receipt') this.#rise(frame.cursor, frame.state)
      }),
      client.on('reread', () => void this.read()),
      connection.onPoll(() => this.poll()),
      () => tabs.close(),
    ]
    addEventListener('pagehide', this.#leave)
    stops.push(() => removeEventListener('pagehide', this.#leave))
    void this.read()
    return () => stops.forEach((stop) => stop())
  }

  find(id: string): InboxMessage | undefined {
    return this.list.find((message) => message.id === id)
  }

  /** A message of the candidate's own has been stored. Its frame may have come before, or come later. */
  sent(message: InboxMessage): void {
    this.#arrive(message)
  }

  /** Notes how far a message has come on this screen, here at once, and tells the server and the other tabs. */
  mark(id: string, state: ReceiptName): void {
    this.#rise(id, state)
    connection.client.receipt(id, state)
    this.#tabs?.tell(id, state)
    if (connection.polling) void this.#report().catch(() => {}) // else the next poll takes it along
  }

  /** Whether a message came while somebody could have seen it come. */
  live(id: string): boolean {
    return this.#live.has(id)
  }

  /**
   * Where no frames come: reads what is new, and takes the receipts along. What a frame brings later is known by its id.
   * Throws ApiError.
   */
  async poll(): Promise<void> {
    const page = await api.get<Page>('/inbox', { query: { limit: POLLED } })
    const known = new Set(this.list.map((message) => message.id))
    const fresh = page.messages.filter((message) => !known.has(message.id))
    const { client } = connection
    if (this.phase === 'ready') for (const message of fresh) this.#live.add(message.id)
    if (fresh.length === page.messages.length && page.next) await this.read() // more than a page is new
    else for (const message of fresh.toReversed()) this.#arrive(message)
    for (const message of page.messages) this.#rise(message.id, message.state as ReceiptName)
    for (const message of fresh) if (message.state === 'queued' && !message.mine) client.receipt(message.id, 'delivered')
    await this.#report()
  }

  /** Hands in the receipts that the server has not confirmed. Throws ApiError. */
  async #report(): Promise<void> {
    const { client } = connection
    const items = client.unconfirmedReceipts().slice(0, 100)
    if (!items.length) return
    await api.post('/receipts', { items })
    client.confirmed(items)
  }

  /** Connected, or back after a short while. */
  #attended(): boolean {
    const { phase, lastGood } = connection.state
    return phase === 'up_to_date' || (lastGood !== undefined && Date.now() - lastGood < SHORT)
  }

  /** Reads all pages. Calls while it reads make it read once more afterwards. */
  read(): Promise<void> {
    if (this.#reading) {
      this.#again = true
      return this.#reading
    }
    this.#reading = this.#readAll().finally(() => {
      this.#reading = undefined
      if (this.#again) {
        this.#again = false
        void this.read()
      }
    })
    return this.#reading
  }

  async #readAll(): Promise<void> {
    this.#arrived.clear()
    const pages: InboxMessage[] = []
    try {
      let before: string | undefined
      for (let i = 0; i < MOST_PAGES; i++) {
        const page: Page = await api.get<Page>('/inbox', { query: { limit: PAGE, before } })
        pages.push(...page.messages)
        if (!page.next) break
        before = page.next
      }
      this.list = reread(this.list, pages, this.#arrived)
      this.phase = 'ready'
      this.error = undefined
    } catch (error) {
      this.error = error
      this.phase = 'failed'
    }
  }

  /** The page goes: receipts that still wait for the server's reply go once more, by a request that outlives it. Said twice, they are harmless. */
  #leave = () => {
    const items = connection.client.unconfirmedReceipts().slice(0, 100)
    if (items.length) void api.post('/receipts', { items }, { keepalive: true }).catch(() => {})
  }

  #arrive(message: InboxMessage): void {
    this.#arrived.add(message.id)
    this.list = arrive(this.list, message)
  }

  #rise(id: string, state: ReceiptName): void {
    this.list = raise(this.list, id, state)
  }
}

export const inbox = new Inbox()
