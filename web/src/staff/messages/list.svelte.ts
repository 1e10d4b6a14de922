// The list of conversations, live: pages of the server's list (rows.ts), changed by frames. Read first, then follow: frames that
// come while a page is on its way are applied again after it.

import { ApiError } from '../../lib/api'
import { connection } from '../../lib/connection.svelte'
import { api, session } from '../../lib/session.svelte'
import type { ConversationFrame, ServerFrame } from '../../protocol/frames'
import { type Action, conversations, type TimedAction } from '../conversation/api'
import type { Row } from '../conversation/types'
import { Slowly } from '../lists/slowly'
import { append, type Line, line, merge, patched, place } from './rows'
import { narrow, none, sameList, toWire, type View } from './view'

const page = 100
/** Frames of one moment become one change of the page. */
const together = 40
/** How long a changed row stays marked; a little longer than the animation. */
const marked = 1700
/** Strangers to the list in one moment that are looked up one by one; more than these, and the list is read anew. */
const fewStrangers = 4

export class ConversationList {
  view: View = none
  rows: readonly Line[] = $state.raw([])
  more = $state(false)
  ready = $state(false)
  busy = $state(false)
  /** Why the first page could not be read; a later failure leaves what is shown and sets `stale`. */
  failure: unknown = $state.raw()
  stale = $state(false)
  marks: ReadonlySet<string> = $state.raw(new Set())
  /** Counts up when the list is another one, or was changed by the reader's own hand: it need not keep still. */
  turns = $state(0)

  /** The page that was loaded last at the end: it shows although the list keeps still. */
  appended: readonly Line[] = $state.raw([])

  #next = ''
  #asked = 0
  /** Acts that have begun here, and that the server has not answered yet. */
  #acts = 0
  #acting = 0
  #held: ConversationFrame[] | undefined
  #queue: ConversationFrame[] = []
  #flushing: ReturnType<typeof setTimeout> | undefined
  /** Rows that an action here took out of the list: its undo puts them back at once. */
  #gone = new Map<string, Line>()
  #strangers = new Map<string, string>()
  #timers = new Set<ReturnType<typeof setTimeout>>()
  #again = new Slowly(() => this.#reread(), 1500)
  #look = new Slowly(() => this.#lookUp(), 700)

  start(): () => void {
    const { client } = connection
    const stops = [client.on('frame', (frame) => this.#frame(frame)), client.on('reread', () => this.#again.soon())]
    return () => {
      this.#asked++
      for (const stop of stops) stop()
      this.#again.stop()
      this.#look.stop()
      clearTimeout(this.#flushing)
      for (const timer of this.#timers) clearTimeout(timer)
    }
  }

  /** Shows another list. The same list again is left as it is. */
  ask(view: View): void {
    const before = this.view
    this.view = view
    if (this.ready && sameList(before, view)) {
      // What was read there may leave the unread ones now.
      const left = before.open && before.open !== view.open ? this.get(before.open) : undefined
      if (left) this.#place(left, false)
      return
    }
    void this.#first()
  }

  refresh(): void {
    if (this.ready) this.#again.now()
    else void this.#first()
  }

  get(id: string): Line | undefined {
    return this.rows.find((r) => r.id === id)
  }

  async #first(): Promise<void> {
    const mine = ++this.#asked
    this.busy = true
    this.failure = undefined
    const held = (this.#held = [] as ConversationFrame[])
    try {
      const answer = await this.#get('')
      if (mine !== this.#asked) return
      this.rows = answer.conversations.map(line)
      this.#gone.clear()
      this.#next = answer.next ?? ''
      this.more = this.#next !== ''
      this.ready = true
      this.stale = false
      this.turns++
      for (const frame of held) this.#apply(frame)
    } catch (error) {
      if (mine !== this.#asked) return
      this.failure = error
      this.ready = false
      this.rows = []
      this.more = false
    } finally {
      if (mine === this.#asked) {
        this.busy = false
        this.#held = undefined
      }
    }
  }

  /** The page behind what is loaded. Safe to call at every scroll. */
  async next(): Promise<void> {
    if (!this.more || this.busy) return
    const mine = this.#asked
    this.busy = true
    try {
      const answer = await this.#get(this.#next)
      if (mine !== this.#asked) return
      const rows = answer.conversations.map(line)
      this.rows = append(this.rows, rows)
      this.appended = rows
      this.#next = answer.next ?? ''
      this.more = this.#next !== ''
      this.stale = false
    } catch (error) {
      if (mine !== this.#asked) return
      // The organisation's language was changed, and the order with it: the list begins anew.
      if (error instanceof ApiError && error.field === 'after') void this.#first()
      else this.stale = true
    } finally {
      if (mine === this.#asked) this.busy = false
    }
  }

  /** The row as a conversation beside the list knows it. */
  put(row: Row): void {
    const had = this.get(row.person.id)
    if (!had) return
    const { unread, processed, processed_by, processed_at, archived, snoozed, remind_at, assigned, blocked } = row
    const part = narrow(this.view)
    const next: Line = { ...had, unread, processed, processed_by, processed_at, archived, snoozed, remind_at, assigned, blocked: part ? had.blocked : blocked }
    // Its last line is of all groups: a list of what was written in one has its own. And frames may have brought a later one here.
    if (!part && row.last && (!had.last || row.last.at >= had.last.at)) {
      const { last, last_received_at, last_sent_at, waiting_since, reply_due } = row
      Object.assign(next, { last, last_received_at, last_sent_at, waiting_since, reply_due })
    }
    if (same(had, next)) return
    this.#place(next, false)
  }

  /** Does it at once on the page, then on the server; what the server refuses is read anew. Throws ApiError. */
  async act(action: Action | TimedAction, people: readonly string[], until = new Date()): Promise<void> {
    const me = session.me
    const at = new Date().toISOString()
    const change: Record<Action | TimedAction, Partial<Row>> = {
      read: { unread: false },
      unread: { unread: true },
      archive: { archived: true, snoozed: undefined },
      unarchive: { archived: false },
      snooze: { archived: false, snoozed: { until: until.toISOString(), by: me?.name ?? '' } },
      unsnooze: { snoozed: undefined },
      remind: { remind_at: until.toISOString() },
      unremind: { remind_at: undefined },
      process: { processed: 'processed', processed_by: me?.name, processed_at: at, waiting_since: undefined, reply_due: undefined },
      unprocess: { processed: 'open', processed_at: at, processed_by: me?.name },
    }
    for (const id of people) {
      const row = this.get(id) ?? this.#gone.get(id)
      if (!row) continue
      const next = { ...row, ...change[action] }
      this.#place(next, false)
      if (!this.get(id)) this.#gone.set(id, next)
    }
    this.turns++
    this.#acts++
    this.#acting++
    let refused: unknown
    try {
      for (let i = 0; i < people.length; i += 500) {
        const part = people.slice(i, i + 500)
        await (action === 'snooze' || action === 'remind' ? conversations.until(action, part, until) : conversations.act(action, part))
      }
    } catch (error) {
      refused = error
    }
    this.#acting--
    if (refused !== undefined) {
      await this.#reread()
      this.turns++
      throw refused
    }
    // What was taken away by this may belong to the list again.
    if (action === 'unarchive' || action === 'unsnooze' || action === 'unprocess' || action === 'unread') this.#again.soon()
  }

  #get(after: string) {
    return api.get<{ conversations: Row[]; next?: string }>('/conversations', { query: { ...toWire(this.view), limit: page, after: after || undefined } })
  }

  /** Its first page once more, over what is there. */
  async #reread(): Promise<void> {
    if (!this.ready) return this.#first()
    if (this.busy || this.#acting) return this.#again.soon()
    const [mine, acts] = [this.#asked, this.#acts]
    const held = (this.#held = [] as ConversationFrame[])
    try {
      const answer = await this.#get('')
      if (mine !== this.#asked) return
      // It may not know yet what has been done here.
      if (acts !== this.#acts) return this.#again.soon()
      const next = answer.next ?? ''
      const merged = merge(this.rows, answer.conversations.map(line), next !== '')
      this.rows = merged.rows
      if (!merged.tail) {
        this.#next = next
        this.more = next !== ''
      }
      this.stale = false
      for (const frame of held) this.#apply(frame)
    } catch {
      this.stale = true
    } finally {
      if (this.#held === held) this.#held = undefined
    }
  }

  #frame(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
      case 'conversations':
      case 'groups':
        return this.#again.soon()
      case 'conversation':
        this.#held?.push(frame)
        this.#queue.push(frame)
        this.#flushing ??= setTimeout(() => this.#flush(), together)
        return
      case 'read':
        for (const id of frame.people) {
          const row = this.get(id)
          if (row && row.unread !== frame.unread) this.#place({ ...row, unread: frame.unread }, false)
        }
    }
  }

  #flush(): void {
    this.#flushing = undefined
    const frames = this.#queue.splice(0)
    if (this.ready) for (const frame of frames) this.#apply(frame)
  }

  #apply(frame: ConversationFrame): void {
    const row = this.get(frame.conversation)
    if (row) return this.#place(patched(row, frame, this.view), frame.item.type === 'message')
    this.#strangers.set(frame.conversation, frame.name)
    this.#look.soon()
  }

  #place(row: Line, mark: boolean): void {
    this.rows = place(this.rows, row, this.view, session.me?.id ?? '', this.more)
    if (mark) this.#mark([row.id])
  }

  /** Someone who is not loaded has written: the server says whether and how they belong to this list. */
  async #lookUp(): Promise<void> {
    const strangers = [...this.#strangers]
    this.#strangers.clear()
    if (!strangers.length) return
    if (strangers.length > fewStrangers) return this.#reread()
    const mine = this.#asked
    for (const [id, name] of strangers) {
      try {
        const q = `${this.view.filter.q} ${name}`.trim()
        const answer = await api.get<{ conversations: Row[] }>('/conversations', { query: { ...toWire(this.view), q, limit: 20 } })
        if (mine !== this.#asked) return
        const found = answer.conversations.find((r) => r.person.id === id)
        if (found) this.#place(line(found), true)
      } catch {
        this.stale = true
      }
    }
  }

  #mark(ids: readonly string[]): void {
    this.marks = new Set([...this.marks, ...ids])
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.marks = new Set([...this.marks].filter((id) => !ids.includes(id)))
    }, marked)
    this.#timers.add(timer)
  }
}

const same = (a: Line, b: Line): boolean => JSON.stringify(a) === JSON.stringify(b)
