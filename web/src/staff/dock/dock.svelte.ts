// The dock's state: which windows stand open, what waits to be read, and what is said
// about it. One for the page; it outlives navigation.

import { SvelteSet } from 'svelte/reactivity'
import { t } from '../../i18n/staff'
import { connection } from '../../lib/connection.svelte'
import { api, session } from '../../lib/session.svelte'
import { tab } from '../../lib/storage'
import type { ServerFrame } from '../../protocol/frames'
import { toasts } from '../../ui'
import { conversations } from '../conversation/api'
import { view } from '../conversation/visible.svelte'
import type { ConversationFrame, Row } from '../conversation/types'
import { Slowly } from '../lists/slowly'
import { router } from '../routes'
import { Notices } from './notices'
import type { TeamThread } from './team.svelte'
import { type Chat, changed, closed, keyOf, load, opened, save } from './windows'
import { shorten } from '../../lib/shorten'

type Notice = { name: string; line: string; chat: Omit<Chat, 'collapsed'> }

class Dock {
  chats: readonly Chat[] = $state.raw([])
  /** Conversations and team threads unread; `many`: that or more. */
  counted = $state(0)
  many = $state(false)
  /** Unread since the last counting. */
  fresh = new SvelteSet<string>()
  rows: readonly Row[] | undefined = $state.raw()
  threads: readonly TeamThread[] | undefined = $state.raw()
  failure: unknown = $state.raw()
  panel = $state(false)
  /** The pointer is over the list. */
  held = false

  /** Conversations known to be unread. */
  #unread = new Set<string>()
  #openers = new Map<string, HTMLElement>()
  #counting = new Slowly(() => this.#count(), 1000)
  #listing = new Slowly(() => this.#list(), 1500)
  #notices = new Notices<Notice>((one) => this.#notice(one))
  /** The conversation that the Messages page shows, which needs no window to be read. */
  shownElsewhere: string | undefined

  get unread(): number {
    return this.counted + this.fresh.size
  }

  /** Brings back the windows that stood open before a reload. */
  restore(): readonly Chat[] {
    return (this.chats = load(tab))
  }

  start(): () => void {
    const { client } = connection
    const stops = [client.on('frame', (frame) => this.#frame(frame)), client.on('reread', () => this.refresh())]
    this.#counting.now()
    return () => stops.forEach((stop) => stop())
  }

  refresh(): void {
    this.#counting.now()
    if (this.panel) this.#listing.now()
  }

  #soon(): void {
    this.#counting.soon()
    if (this.panel) this.#listing.soon()
  }

  // ---- windows

  open(chat: Omit<Chat, 'collapsed'>): void {
    const opener = document.activeElement
    if (opener instanceof HTMLElement && opener !== document.body && !this.#openers.has(keyOf(chat))) this.#openers.set(keyOf(chat), opener)
    this.panel = false
    // One that stands there already keeps its place.
    const there = this.#window(keyOf(chat))
    if (!there) return this.#set(opened(this.chats, chat))
    this.#set(changed(this.chats, keyOf(chat), { item: chat.item }))
    queueMicrotask(() => there.querySelector('textarea')?.focus({ preventScroll: true }))
  }

  collapse(key: string, collapsed = true): void {
    // An expanded one comes to the front, where there is room for it.
    const chat = this.chats.find((c) => keyOf(c) === key)
    if (chat && !collapsed) this.#set(opened(this.chats, chat))
    else this.#set(changed(this.chats, key, { collapsed }))
  }

  /** Closes a window and gives the focus back to what opened it, or to the chat symbol. */
  close(key: string): void {
    const opener = this.#openers.get(key)
    this.#openers.delete(key)
    this.#set(closed(this.chats, key))
    const back = opener?.isConnected && opener.checkVisibility() ? opener : document.querySelector<HTMLElement>('[data-dock-symbol] button')
    queueMicrotask(() => back?.focus({ preventScroll: true }))
  }

  #set(chats: readonly Chat[]): void {
    this.chats = chats
    save(tab, chats)
  }

  /** Learns a name, a state: from a window. */
  row(row: Row): void {
    const key = 'person:' + row.person.id
    if (this.chats.some((c) => keyOf(c) === key && c.name !== row.person.name)) this.#set(changed(this.chats, key, { name: row.person.name }))
    if (row.unread) this.#unread.add(row.person.id)
    else if ([this.#unread.delete(row.person.id), this.fresh.delete(row.person.id)].includes(true)) this.#counting.soon()
    this.rows = this.rows?.map((r) => (r.person.id === row.person.id ? { ...r, ...row, last: r.last } : r))
  }

  // ---- live

  #frame(frame: ServerFrame): void {
    switch (frame.type) {
      case 'welcome':
        return this.refresh()
      case 'conversation':
        return this.#conversation(frame)
      case 'read':
        for (const person of frame.people) {
          this.#unread[frame.unread ? 'add' : 'delete'](person)
          if (!frame.unread) this.fresh.delete(person)
        }
        return this.#soon()
      case 'conversations':
        return this.#soon()
      case 'team':
        if (frame.message.from.id !== session.me?.id) this.#team(frame.thread, frame.message.from.name, frame.message.body)
        if (this.panel) this.#listing.soon()
        return
      case 'mention':
        this.#counting.soon()
        return this.#say(t('dock.mention', { by: frame.by.name, line: frame.line }), { kind: 'person', id: frame.conversation, name: frame.name, item: frame.item })
      case 'reminder':
        return void this.#reminded(frame.conversation)
      case 'assigned':
        if (frame.by.id === session.me?.id) return
        return this.#say(t('dock.assigned', { by: frame.by.name, name: frame.name }), { kind: 'person', id: frame.conversation, name: frame.name })
    }
  }

  /** Says whose conversation one wanted to be reminded of; nothing if it is not one's own to see any more. */
  async #reminded(person: string): Promise<void> {
    this.#counting.soon()
    try {
      const { conversation } = await conversations.page(person, { limit: 1 }, { unasked: true })
      this.#say(t('dock.reminder', { name: conversation.person.name }), { kind: 'person', id: person, name: conversation.person.name })
    } catch {
      // It is marked as unread all the same.
    }
  }

  #conversation(frame: ConversationFrame): void {
    const { item, conversation: id, name } = frame
    if (this.panel) this.#listing.soon()
    if (item.type !== 'message' || item.direction !== 'in' || item.automatic) return
    const shown = this.#shows('person:' + id) || this.shownElsewhere === id
    if (shown && view.attentive) return
    if (!this.#unread.has(id)) this.fresh.add(id)
    this.#unread.add(id)
    this.#counting.soon()
    if (!shown && router.current.name !== 'messages') this.#notices.add({ name, line: item.body || item.attachments?.map((a) => a.name).join(', ') || '', chat: { kind: 'person', id, name } })
  }

  #team(thread: string, from: string, line: string): void {
    const shown = this.#shows('team:' + thread)
    if (shown && view.attentive) return
    if (!this.threads?.some((one) => one.id === thread && one.unread)) this.fresh.add(thread)
    this.#counting.soon()
    if (shown) return
    const name = this.threads?.find((t) => t.id === thread)?.name ?? from
    this.#notices.add({ name: from, line, chat: { kind: 'team', id: thread, name } })
  }

  /** Whether this chat stands open on the page. */
  #shows(key: string): boolean {
    return this.#window(key) !== null
  }

  #window(key: string): HTMLElement | null {
    return document.querySelector<HTMLElement>(`[data-chat="${CSS.escape(key)}"]`)
  }

  #notice(notices: readonly Notice[]): void {
    const [one] = notices
    if (notices.length === 1 && one) return this.#say(t('dock.newOne', { name: one.name, line: cut(one.line) }), one.chat)
    const shown = toasts.show(t('dock.newMany', { count: notices.length }), { action: { label: t('dock.show'), run: () => this.show() } })
    setTimeout(() => toasts.dismiss(shown), 8000)
  }

  #say(text: string, chat: Omit<Chat, 'collapsed'>): void {
    const shown = toasts.show(text, { action: { label: t('dock.show'), run: () => this.open(chat) } })
    setTimeout(() => toasts.dismiss(shown), 8000)
  }

  // ---- reading

  release(): void {
    this.held = false
    this.#listing.soon()
  }

  show(): void {
    this.held = false
    this.panel = true
    this.#listing.now()
    this.#counting.soon()
  }

  async #count(): Promise<void> {
    try {
      const before = new Set(this.fresh)
      const [counts, team] = await Promise.all([
        api.get<{ unread: number }>('/conversations/counts'),
        session.can('team.chat') ? api.get<{ threads: TeamThread[] }>('/team') : { threads: [] },
      ])
      this.threads = team.threads
      this.counted = counts.unread + team.threads.filter((one) => one.unread).length
      this.many = counts.unread >= 1000
      // What came while we asked may not be in the answer.
      for (const one of before) this.fresh.delete(one)
    } catch {
      // the number stays; it is asked for again with the next change
    }
  }

  async #list(): Promise<void> {
    try {
      const [unread, latest] = await Promise.all([
        api.get<{ conversations: Row[] }>('/conversations', { query: { folder: 'unread', limit: 30 } }),
        api.get<{ conversations: Row[] }>('/conversations', { query: { folder: 'all', limit: 30 } }),
      ])
      const first = new Set(unread.conversations.map((r) => r.person.id))
      const rows = [...unread.conversations, ...latest.conversations.filter((r) => !first.has(r.person.id))]
      this.#unread = first
      // Nothing moves under the pointer: what is there is brought up to date, the order waits until it has left.
      const by = new Map(rows.map((r) => [r.person.id, r]))
      this.rows = this.held && this.rows ? this.rows.map((r) => by.get(r.person.id) ?? r) : rows
      this.failure = undefined
    } catch (error) {
      this.failure = error
    }
  }
}

/** A line of a toast. */
const cut = (line: string) => shorten(line, 90)

export const dock = new Dock()
