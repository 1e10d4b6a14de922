/** Searching and grouping the message centre. Pure: no page, no clock. */
import { matches } from '../lib/fold'
import type { InboxMessage } from '../lib/types'

export const unread = (message: InboxMessage): boolean => message.state !== 'acknowledged'

export type TestGroup = { id: string; name: string; unread: number; messages: InboxMessage[] }

/**
 * Messages newest first → by group ('' = of none), the one with the newest message first, newest first within. A group is
 * called what it is called now, where that is known, else as its newest message says.
 */
export function byTest(messages: readonly InboxMessage[], nameNow: (id: string) => string | undefined = () => undefined): TestGroup[] {
  const groups = new Map<string, TestGroup>()
  for (const message of messages) {
    const { id, name } = message.group ?? { id: '', name: '' }
    let group = groups.get(id)
    if (!group) groups.set(id, (group = { id, name: nameNow(id) ?? name, unread: 0, messages: [] }))
    group.messages.push(message)
    if (unread(message)) group.unread++
  }
  return [...groups.values()]
}

export function search(messages: readonly InboxMessage[], question: string): InboxMessage[] {
  return messages.filter((one) => matches(question, one.subject, one.body, one.group?.name ?? '', one.from.name, one.room))
}

/** The first line of a body, for a list. */
export const firstLine = (body: string): string => body.trimStart().split('\n', 1)[0] ?? ''
