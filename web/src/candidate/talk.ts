/** How a message centre shows what is a conversation rather than a notice. Pure: no page, no clock. */
import type { InboxMessage } from '../lib/types'
import { unread } from './search'

/** Part of a conversation: written by the candidate, or by staff to them alone. */
export const isTalk = (message: InboxMessage): boolean => message.mine || message.level === 'chat'

const groupOf = (message: InboxMessage): string => message.group?.id ?? ''

/** A row of the list: one notice, or a whole conversation by its newest message. */
export type Row = { message: InboxMessage; talk: boolean; count: number; unread: boolean }

/** Messages of one group, newest first → rows: each notice, and the conversation once, where its newest message stands. */
export function rows(messages: readonly InboxMessage[]): Row[] {
  const out: Row[] = []
  let conversation: Row | undefined
  for (const message of messages) {
    if (!isTalk(message)) out.push({ message, talk: false, count: 1, unread: unread(message) })
    else if (!conversation) out.push((conversation = { message, talk: true, count: 1, unread: unread(message) }))
    else {
      conversation.count++
      conversation.unread ||= unread(message)
    }
  }
  return out
}

/** What is shown with an open message, oldest first: of a conversation all of it, of a notice what was written in its group since. */
export function thread(list: readonly InboxMessage[], open: InboxMessage): InboxMessage[] {
  const of = list.filter((message) => groupOf(message) === groupOf(open))
  if (isTalk(open)) return of.filter(isTalk).reverse()
  const at = of.findIndex((message) => message.id === open.id)
  return of.slice(0, at).filter(isTalk).reverse()
}

/** What a reply to an open message answers: the newest of staff's in the thread, else the message itself. */
export function answers(list: readonly InboxMessage[], open: InboxMessage): InboxMessage | undefined {
  return [...thread(list, open)].reverse().find((message) => !message.mine) ?? (open.mine ? undefined : open)
}

/** The row in which a message stands: its own, or its conversation's. */
export function rowFor(list: readonly InboxMessage[], id: string | undefined): string | undefined {
  const message = list.find((one) => one.id === id)
  if (!message || !isTalk(message)) return id
  return list.find((one) => isTalk(one) && groupOf(one) === groupOf(message))?.id
}
