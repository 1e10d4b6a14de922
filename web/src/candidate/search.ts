/** Searching and grouping the message centre. Pure: no page, no clock. */
import type { InboxMessage } from '../lib/types'

/** Without case and marks: "Ærø" and "aero" meet halfway, as the server's fold does it. */
export function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/ø/g, 'o')
    .replace(/[æ]/g, 'ae')
    .replace(/ß/g, 'ss')
    .replace(/ł/g, 'l')
    .replace(/đ/g, 'd')
}

/** Whether every word of the question begins a word of the texts. An empty question matches everything. */
export function matches(question: string, ...texts: string[]): boolean {
  const asked = words(question)
  if (asked.length === 0) return true
  const have = texts.flatMap(words)
  return asked.every((word) => have.some((other) => other.startsWith(word)))
}

const words = (text: string): string[] => fold(text).match(/[\p{L}\p{N}]+/gu) ?? []

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
