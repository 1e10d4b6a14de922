// What is written and not sent yet: one draft for each person's conversation, kept in
// this browser, so that a closed window or a reload loses nothing.

import type { Store } from '../../lib/storage'
import { copied, type Copied } from '../deliveries/types'
import type { Attachment, Named } from './types'

export type Draft = {
  subject: string
  body: string
  /** The private note that is being written, beside the message. */
  note: string
  /** Whom the note mentions, as picked from the menu. */
  mentions: Named[]
  /** It is the note that is open. */
  noting: boolean
  /** Files that the server has already. */
  files: Attachment[]
  /** Group it belongs to, as chosen; undefined: as the history suggests; '': none. */
  group?: string
  /** Copies, as chosen; undefined: as the last time. */
  channels?: Copied[]
}

export const blank = (): Draft => ({ subject: '', body: '', note: '', mentions: [], noting: false, files: [] })

const name = (conversation: string) => `chat.${conversation}`
const text = (v: unknown): string => (typeof v === 'string' ? v : '')
const list = <T extends { id: string; name: string }>(v: unknown): T[] =>
  Array.isArray(v) ? v.filter((e): e is T => typeof e === 'object' && e !== null && typeof (e as T).id === 'string' && typeof (e as T).name === 'string') : []

/** What was kept, or a blank one. Anything that is not ours reads as blank. */
export function load(store: Store, conversation: string): Draft {
  try {
    const d = JSON.parse(store.getItem(name(conversation)) ?? 'null') as Partial<Draft> | null
    if (!d) return blank()
    return {
      subject: text(d.subject),
      body: text(d.body),
      note: text(d.note),
      mentions: list(d.mentions),
      noting: d.noting === true,
      files: list(d.files),
      ...(typeof d.group === 'string' ? { group: d.group } : {}),
      ...(Array.isArray(d.channels) ? { channels: copied.filter((c) => d.channels!.includes(c)) } : {}),
    }
  } catch {
    return blank()
  }
}

/** Keeps it; one without anything written is forgotten. Storage that refuses is no error: the text is on the page. */
export function save(store: Store, conversation: string, draft: Draft): void {
  try {
    if (isBlank(draft)) store.removeItem(name(conversation))
    else store.setItem(name(conversation), JSON.stringify(draft))
  } catch {
    // as said
  }
}

export const isBlank = (d: Draft): boolean => !d.subject && !d.body && !d.note && !d.files.length
