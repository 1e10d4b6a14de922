// One conversation, live: its row and its items as reactive state. What frames say
// while a reading is under way is kept and applied after it, so that nothing falls
// between the two and nothing old takes the place of something newer.

import { untrack } from 'svelte'
import { ApiError } from '../../lib/api'
import { clock } from '../../lib/clock.svelte'
import { connection } from '../../lib/connection.svelte'
import { session } from '../../lib/session.svelte'
import type { ServerFrame } from '../../protocol/frames'
import { newKey } from '../send/draft'
import { Slowly } from '../lists/slowly'
import { activities } from './activity.svelte'
import { type Action, conversations, type Sent } from './api'
import { failed, Outbox, type Outgoing } from './outgoing.svelte'
import { append, awaits, prepend, replaceNewest } from './timeline'
import type { Attachment, ConversationFrame, Item, Row } from './types'

export const pageSize = 40
/** Receipts are told by frames; one that came between reading and opening is asked for after so many milliseconds. */
const askAgain = 30_000

export class LiveConversation {
  readonly person: string
  row: Row | undefined = $state.raw()
  items: readonly Item[] = $state.raw([])
  /** Why the first reading failed; a later one leaves what is shown and sets `stale`. */
  failure: unknown = $state.raw()
  stale = $state(false)
  ready = $state(false)
  /** There is more before the first item. */
  more = $state(false)
  loadingOlder = $state(false)
  olderFailure: unknown = $state.raw()
  /** Item that came in a frame last, for those who listen rather than look. */
  latest: Item | undefined = $state.raw()
  readonly outbox: Outbox

  #next = ''
  /** Readings under way, and how many have begun that only add. */
  #readings = 0
  #begun = 0
  #held: ConversationFrame[] = []
  #stops: (() => void)[] = []
  #asking: ReturnType<typeof setTimeout> | undefined
  #sending: Promise<void> = Promise.resolve()
  /** Marked as unread by somebody here: showing it does not undo that. */
  #marked = false
  #sent = new Slowly(() => this.#read(), 3000)
  #received = new Slowly(() => this.#newest(), 1000)

  constructor(person: string) {
    this.person = person
    this.outbox = new Outbox(person)
  }

  start(): () => void {
    const { client } = connection
    this.#stops = [
      activities.open(this.person),
      client.on('frame', (frame) => this.#frame(frame)),
      client.on('reread', () => this.refresh()),
      () => clearTimeout(this.#asking),
      () => this.#sent.stop(),
      () => this.#received.stop(),
    ]
    untrack(() => this.refresh())
    return () => {
      for (const stop of this.#stops.splice(0)) stop()
    }
  }

  /** Reads what is new, or everything if nothing has been read yet. */
  refresh(): void {
    void this.#read()
  }

  async older(limit = pageSize): Promise<void> {
    if (!this.more || this.loadingOlder) return
    this.loadingOlder = true
    this.olderFailure = undefined
    try {
      const page = await conversations.page(this.person, { before: this.#next, limit })
      this.#next = page.next ?? ''
      this.more = this.#next !== ''
      this.items = prepend(this.items, page.items)
    } catch (error) {
      this.olderFailure = error
    } finally {
      this.loadingOlder = false
    }
  }

  /** Reads back until the item is here. False if there is no such item in the last few thousand. */
  async find(id: string): Promise<boolean> {
    for (let pages = 0; pages < 15; pages++) {
      if (this.items.some((i) => i.id === id)) return true
      if (!this.more || this.olderFailure) return false
      await this.older(200)
    }
    return this.items.some((i) => i.id === id)
  }

  // ---- sending

  /** Sends a message or a note. It stands in the outbox until the server has it. */
  send(kind: Outgoing['kind'], message: Outgoing['message'], attachments: readonly Attachment[] = []): void {
    const seen = this.items.at(-1)?.id
    const one: Outgoing = { key: newKey(), kind, message: kind === 'message' && seen ? { ...message, seen } : message, attachments, at: new Date(clock.read()).toISOString(), state: { name: 'sending' } }
    void this.#try(one)
  }

  /** Once more, under the same key. `change`: what a conflict asked about. */
  again(key: string, change: { take_over?: boolean; seen?: boolean } = {}): void {
    const one = this.outbox.get(key)
    if (!one || one.state.name === 'sending') return
    const message = { ...one.message }
    if (change.take_over) message.take_over = true
    if (change.seen) message.seen = this.items.at(-1)?.id
    void this.#try({ ...one, message })
  }

  /** One after the other, so that what was written first arrives first. */
  #try(one: Outgoing): Promise<void> {
    this.outbox.put({ ...one, state: { name: 'sending' } })
    return (this.#sending = this.#sending.then(() => this.#post(one)))
  }

  async #post(one: Outgoing): Promise<void> {
    try {
      const { mentions, ...message } = one.message
      const item =
        one.kind === 'note'
          ? (await conversations.note(this.person, { key: one.key, body: message.body, mentions })).note
          : (await conversations.send(this.person, { key: one.key, ...message } satisfies Sent)).message
      // One step: what stood for it goes as it comes. A frame that was faster knows more: receipts, copies.
      if (!this.items.some((i) => i.id === item.id)) this.items = append(this.items, [item])
      this.outbox.drop(one.key)
      if (one.kind === 'message') this.#answered(one.message.take_over ?? false, one.message.channels)
      this.#askForReceipts()
    } catch (error) {
      if (!this.outbox.get(one.key)) return // it came in a frame meanwhile
      const state = failed(error)
      this.outbox.put({ ...one, state })
      if (state.name === 'refused' && state.conflict) this.refresh()
    }
  }

  /** An answer makes the conversation the team's again; the frame says so too. */
  #answered(taken: boolean, channels?: Row['channels']): void {
    const row = this.row
    if (!row) return
    const me = session.me
    this.row = { ...row, ...(channels ? { channels } : {}), unread: false, archived: false, waiting_since: undefined, ...(taken && me ? { assigned: { id: me.id, name: me.name, at: new Date().toISOString() } } : {}) }
  }

  // ---- what one does with it

  async act(action: Action): Promise<void> {
    await conversations.act(action, [this.person])
    if (action === 'unread') this.#marked = true
    const row = this.row
    if (!row) return
    if (action === 'read' || action === 'unread') this.row = { ...row, unread: action === 'unread' }
    else this.refresh()
  }

  /** Marks it as read, once for what is new; failing is not worth a word. */
  async seen(): Promise<void> {
    if (!this.row?.unread || this.#marked) return
    this.row = { ...this.row, unread: false }
    await conversations.act('read', [this.person], this.items.at(-1)?.id).catch(() => {
      if (this.row) this.row = { ...this.row, unread: true }
    })
  }

  async claim(takeOver = false): Promise<void> {
    this.#take((await conversations.claim(this.person, takeOver)).conversation)
  }

  async release(): Promise<void> {
    this.#take((await conversations.release(this.person)).conversation)
  }

  async assign(to: string): Promise<void> {
    this.#take((await conversations.assign(this.person, to)).conversation)
  }

  #take(row: Row): void {
    this.row = { ...row, unread: this.row?.unread ?? row.unread }
    this.refresh()
  }

  /** Returns what an undo names. */
  async deleteAssignment(group: string, message: string, unavailable: boolean): Promise<string> {
    const { deletion } = await conversations.deleteAssignment(this.person, group, { message, set_unavailable: unavailable })
    void this.#newest()
    return deletion.id
  }

  async undoDeletion(id: string): Promise<void> {
    await conversations.undoDeletion(id)
    void this.#newest()
  }

  // ---- reading

  #frame(frame: ServerFrame): void {
    if (frame.type === 'welcome') return this.refresh()
    if (frame.type === 'read' && frame.people.includes(this.person) && this.row) {
      this.row = { ...this.row, unread: frame.unread }
      this.#marked = frame.unread
    }
    if (frame.type === 'conversations') return this.#sent.soon()
    if (frame.type === 'receipts' && frame.conversation === this.person && this.ready) return this.#received.soon()
    if (frame.type !== 'conversation' || frame.conversation !== this.person) return
    if (this.#readings) this.#held.push(frame)
    else if (this.ready) this.#apply(frame)
  }

  #apply(frame: ConversationFrame): void {
    const { item, state } = frame
    const known = this.items.some((i) => i.id === item.id)
    if (!known && item.type !== 'event' && item.from.id === session.me?.id) this.outbox.landed(item.body, item.at)
    this.items = append(this.items, [item])
    if (this.row) {
      const row = { ...this.row, ...(state && { processed_by: undefined, processed_at: undefined, assigned: undefined, ...state }) }
      if (item.type === 'message') {
        row.last = { id: item.id, type: item.broadcast ? 'broadcast' : 'message', direction: item.direction, at: item.at, line: item.body, from: item.from.name }
        if (!known && item.direction === 'in') {
          row.unread = true
          this.#marked = false
        }
      }
      this.row = row
    }
    if (known) return
    this.latest = item
    if (item.type === 'event' && (item.about || item.event === 'available')) void this.#newest()
    if (item.type === 'message') this.#askForReceipts()
  }

  /** Reads; what frames say meanwhile comes after it. Not ready: everything is still to be read. */
  async #reading(read: () => Promise<void>): Promise<void> {
    this.#readings++
    await read()
    if (--this.#readings) return
    const held = this.#held.splice(0)
    if (this.ready) for (const frame of held) this.#apply(frame)
  }

  /** Reads what is new, or the newest page if nothing has been read yet. */
  #read(): Promise<void> {
    return this.#reading(async () => {
      const mine = ++this.#begun
      try {
        const last = this.ready ? this.items.at(-1)?.id : undefined
        const page = last ? await conversations.since(this.person, last) : await conversations.page(this.person, { limit: pageSize })
        if (mine !== this.#begun || !this.#stops.length) return
        this.row = page.conversation
        if (last) this.items = append(this.items, page.items)
        else this.#show(page)
        this.ready = true
        this.failure = undefined
        this.stale = false
        this.#askForReceipts()
        // What is new says nothing of receipts and copies of what we had.
        if (last && awaits(this.items)) this.#received.soon()
      } catch (error) {
        if (mine !== this.#begun) return
        // What we had means nothing to this server any more (another database): from the beginning.
        if (this.ready && error instanceof ApiError && error.code === 'invalid' && this.items.length) {
          this.items = []
          return this.#read()
        }
        if (this.ready) this.stale = true
        else this.failure = error
      }
    })
  }

  /** Reads the newest page again for what changes in items that we have: receipts, copies, assignments. */
  #newest(): Promise<void> {
    return this.#reading(async () => {
      try {
        const page = await conversations.page(this.person, { limit: pageSize })
        if (!this.#stops.length || !this.ready) return
        this.#show(page)
        this.row = { ...page.conversation, unread: this.row?.unread ?? page.conversation.unread }
        this.stale = false
      } catch {
        // asked again later
      }
    })
  }

  /** The newest page. If too much has come for it to join on, what we had is read anew as one scrolls. */
  #show(page: { items: Item[]; next?: string }): void {
    const { items, gap } = replaceNewest(this.items, page.items)
    const goesOn = this.ready && this.items.length > 0 && !gap
    this.items = items
    if (goesOn) return
    this.#next = page.next ?? ''
    this.more = this.#next !== ''
  }

  #askForReceipts(): void {
    clearTimeout(this.#asking)
    if (!this.#stops.length || !awaits(this.items)) return
    this.#asking = setTimeout(async () => {
      if (document.visibilityState === 'visible') await this.#newest()
      this.#askForReceipts()
    }, askAgain)
  }
}

