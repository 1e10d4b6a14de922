/**
 * How the message centre's list comes about: the server's pages (newest first) and live frames (oldest first) become one list, newest
 * first, each message once. Order is where a message stands, never its time. A state only rises.
 */
import { rank, type ReceiptName } from '../protocol/frames'
import type { InboxMessage } from '../lib/types'

const higher = (a: InboxMessage, b: InboxMessage): InboxMessage => (rank[a.state] >= rank[b.state] ? a : b)

/** A fresh read of all pages replaces the list; what arrived live while it was read stays in front. */
export function reread(list: readonly InboxMessage[], pages: readonly InboxMessage[], arrived: ReadonlySet<string>): InboxMessage[] {
  const known = new Map(list.map((message) => [message.id, message]))
  const inPages = new Set(pages.map((message) => message.id))
  return [
    ...list.filter((message) => arrived.has(message.id) && !inPages.has(message.id)),
    ...pages.map((message) => {
      const had = known.get(message.id)
      return had ? { ...message, state: higher(had, message).state } : message
    }),
  ]
}

/** A live message goes to the front, unless it is there already. */
export function arrive(list: readonly InboxMessage[], message: InboxMessage): InboxMessage[] {
  return list.some((one) => one.id === message.id) ? raise(list, message.id, message.state) : [message, ...list]
}

/** Raises one message's state; the same list if that changes nothing. */
export function raise(list: readonly InboxMessage[], id: string, state: 'queued' | ReceiptName): InboxMessage[] {
  const at = list.findIndex((message) => message.id === id)
  if (at < 0 || rank[list[at]!.state] >= rank[state]) return list as InboxMessage[]
  return list.with(at, { ...list[at]!, state })
}
