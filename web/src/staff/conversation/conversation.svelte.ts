// One conversation, live: its row and its items as reactive state. What frames say
// while a reading is under way is shown at once and put back after it, so that nothing
// falls between the two and nothing old takes the place of something newer.

import { untrack } from 'svelte'
import { clock } from '../../lib/clock.svelte'
import { connection } from '../../lib/connection.svelte'
import { session } from '../../lib/session.svelte'
import type { ServerFrame } from '../../protocol/frames'
import { newKey } from '../send/draft'
import { Slowly } from '../lists/slowly'
import { activities } from './activity.svelte'
import { type Action, conversations, type Sent, type TimedAction } from './api'
import { failed, Outbox, type Outgoing } from './outgoing.svelte'
import { append, awaits, prepend, replaceNewest } from './timeline'
import type { Attachment, ConversationFrame, ConversationPage, Item, Row } from './types'

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
  /** Readings that have begun, that are under way, and the latest that is shown. */
  #begun = 0
  #readings = 0
  #shown = 0
  /** What frames said while a reading was under way. */
  #held: ConversationFrame[] = []
  #stops: (() => void)[] = []
  #asking: ReturnType<typeof setTimeout> | undefined
  #sending: Promise<void> = Promise.resolve()
  /** Marked as unread by somebody here: showing it does not undo that. */
  #marked = false
  /** The newest note that mentions me and that I have said I have read. */
  #mention: string | undefined
  #sent = new Slowly(() => this.#read(), 3000)
  #received = new Slowly(() => this.#read(true), 1000)

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

  /** Reads the newest page again. */
  refresh(): void {
    void this.#read()
  }

  async older(limit = pageSize): Promise<void> {
    if (!this.more || this.loadingOlder) return
    this.loadingOlder = true
    this.olderFailure = undefined
    const from = this.#next
    try {
      const page = await conversations.page(this.person, { before: from, limit })
      if (from !== this.#next) return // what is shown has become another
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
    const seen = message.seen ?? this.items.at(-1)?.id
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
      // One step: what stood for it goes as it comes. A frame that was faster knows more: receipts, copies, what came after it.
      const known = this.items.some((i) => i.id === item.id)
      if (!known) this.items = append(this.items, [item])
      this.outbox.drop(one.key)
      if (one.kind === 'message' && !known) this.#answered(one.message.take_over ?? false)
      if (one.message.channels && this.row) this.row = { ...this.row, channels: one.message.channels }
      this.#askForReceipts()
    } catch (error) {
      if (!this.outbox.get(one.key)) return // it came in a frame meanwhile
      const state = failed(error)
      this.outbox.put({ ...one, state })
      if (state.name === 'refused' && state.conflict) this.refresh()
    }
  }

  /** An answer makes the conversation the team's again; the frame says so too. */
  #answered(taken: boolean): void {
    const row = this.row
    if (!row) return
    const me = session.me
    this.row = { ...row, unread: false, waiting_since: undefined, reply_due: undefined, ...(taken && me ? { assigned: { id: me.id, name: me.name, at: new Date().toISOString() } } : {}) }
  }

  // ---- what one does with it

  async until(action: TimedAction, until: Date): Promise<void> {
    await conversations.until(action, [this.person], until)
    this.refresh()
  }

  async act(action: Action): Promise<void> {
    await conversations.act(action, [this.person])
    if (action === 'unread') this.#marked = true
    const row = this.row
    if (!row) return
    if (action === 'read' || action === 'unread') this.row = { ...row, unread: action === 'unread' }
    else this.refresh()
  }

  /** The newest note that mentions me. */
  get mention(): string | undefined {
    const me = session.me?.id
    return this.items.findLast((i) => i.type === 'note' && i.mentions?.some((m) => m.id === me))?.id
  }

  /** Marks it as read, once for what is new; failing is not worth a word. */
  async seen(): Promise<void> {
    const { row } = this
    if (!row || this.#marked) return
    // A note that mentions me counts until it is read, also where no message is unread.
    const { mention } = this
    if (!row.unread && mention === this.#mention) return
    const before = this.#mention
    this.#mention = mention
    if (row.unread) this.row = { ...row, unread: false }
    await conversations.act('read', [this.person], this.items.at(-1)?.id).catch(() => {
      this.#mention = before
      if (this.row && row.unread) this.row = { ...this.row, unread: true }
    })
  }

  async claim(takeOver = false): Promise<void> {
    this.#worked((await conversations.claim(this.person, takeOver)).conversation)
  }

  async release(): Promise<void> {
    this.#worked((await conversations.release(this.person)).conversation)
  }

  async assign(to: string): Promise<void> {
    this.#worked((await conversations.assign(this.person, to)).conversation)
  }

  #worked(row: Row): void {
    this.row = { ...row, unread: this.row?.unread ?? row.unread }
    this.refresh()
  }

  /** Returns what an undo names. */
  async deleteAssignment(group: string, message: string, unavailable: boolean): Promise<string> {
    const { deletion } = await conversations.deleteAssignment(this.person, group, { message, set_unavailable: unavailable })
    void this.#read(true)
    return deletion.id
  }

  async undoDeletion(id: string): Promise<void> {
    await conversations.undoDeletion(id)
    void this.#read(true)
  }

  // ---- reading

  #frame(frame: ServerFrame): void {
    if (frame.type === 'welcome') return this.refresh()
    if (frame.type === 'read' && frame.people.includes(this.person) && this.row) {
      this.row = { ...this.row, unread: frame.unread }
      this.#marked = frame.unread
    }
    if (frame.type === 'conversations' || frame.type === 'groups') return this.#sent.soon()
    if (frame.type === 'receipts' && frame.conversation === this.person && this.ready) return this.#received.soon()
    if (frame.type !== 'conversation' || frame.conversation !== this.person) return
    if (this.#readings) this.#held.push(frame)
    if (this.ready) this.#apply(frame)
  }

  #apply(frame: ConversationFrame): void {
    const { item } = frame
    const known = this.items.some((i) => i.id === item.id)
    if (!known && item.type !== 'event' && item.from.id === session.me?.id) this.outbox.landed(item.body, item.at)
    this.#put(frame)
    if (known) return
    if (this.row && item.type === 'message' && item.direction === 'in' && !item.automatic) {
      this.row = { ...this.row, unread: true }
      this.#marked = false
    }
    this.latest = item
    if (item.type === 'event' && (item.about || item.event === 'available' || item.event === 'unsnoozed')) void this.#read(true)
    if (item.type === 'message') this.#askForReceipts()
  }

  /** Puts what a frame says in its place. */
  #put({ item, state }: ConversationFrame): void {
    this.items = append(this.items, [item])
    if (!this.row) return
    const row = { ...this.row, ...(state && { processed_by: undefined, processed_at: undefined, snoozed: undefined, assigned: undefined, ...state }) }
    // One that is told again, since its copies have moved on, may be an old one.
    if (item.type === 'message' && !item.automatic && this.items.findLast((i) => i.type === 'message')?.id === item.id) row.last = { id: item.id, type: item.broadcast ? 'broadcast' : 'message', direction: item.direction, at: item.at, line: item.body, from: item.from.name }
    this.row = row
  }

  /**
   * Reads the newest page: what is new, and what has changed in what we have: receipts, copies, assignments. `quiet`: it is only
   * about these; whether it is unread is known here, and failing is not worth a word.
   */
  async #read(quiet = false): Promise<void> {
    const mine = ++this.#begun
    this.#readings++
    try {
      const page = await conversations.page(this.person, { limit: pageSize })
      if (mine > this.#shown && this.#stops.length && (this.ready || !quiet)) this.#take(mine, page, quiet)
    } catch (error) {
      if (quiet || mine <= this.#shown) return
      if (this.ready) this.stale = true
      else this.failure = error
    } finally {
      if (--this.#readings === 0) this.#held = []
    }
  }

  #take(number: number, page: ConversationPage, quiet: boolean): void {
    const first = !this.ready
    this.#shown = number
    this.#show(page)
    this.row = { ...page.conversation, ...((quiet || this.#held.length) && this.row ? { unread: this.row.unread } : {}) }
    this.ready = true
    this.failure = undefined
    this.stale = false
    for (const frame of this.#held) {
      if (first) this.#apply(frame)
      else this.#put(frame)
    }
    this.#askForReceipts()
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
      if (document.visibilityState === 'visible') await this.#read(true)
      this.#askForReceipts()
    }, askAgain)
  }
}

