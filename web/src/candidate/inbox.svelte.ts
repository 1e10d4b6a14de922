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
  #reading: Promise<void> | undefined
  #again = false
  #tabs: Tabs | undefined

  /** Listens for as long as this person is signed in. Returns how to stop. */
  follow(person: string): () => void {
    this.list = []
    this.phase = 'reading'
    const tabs = (this.#tabs = new Tabs(person, (id, state) => this.#rise(id, state)))
    const { client } = connection
    const stops = [
      client.on('frame', (frame) => {
        if (frame.type === 'message') this.#arrive(frame.message)
        else if (frame.type === 'receipt') this.#rise(frame.cursor, frame.state)
      }),
      client.on('reread', () => void this.read()),
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
