// The draft of a sending to many: text, files and key, kept in the tab until it is sent, so that a failed try, a closed dialog or
// a reload loses nothing. While it is not known how a try ended, every repeat is that request to the letter.

import type { Attachment } from '../conversation/types'
import { copied, type Copied } from '../deliveries/types'
import { newKey } from '../send/draft'

export interface BulkDraft {
  key: string
  subject: string
  body: string
  attachments: readonly Attachment[]
  /** Copies that go with it. */
  channels: readonly Copied[]
  /** Whom a try went out to, once one has begun whose end is not known. */
  asked?: readonly string[]
}

export const limits = { subject: 200, body: 4000 } as const

export const fresh = (makeKey: () => string = newKey): BulkDraft => ({ key: makeKey(), subject: '', body: '', attachments: [], channels: [] })

const name = (group: string) => `crier.bulk.${group || 'all'}`

type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

export function load(store: Store, group: string): BulkDraft | undefined {
  try {
    const kept = JSON.parse(store.getItem(name(group)) ?? 'null') as Partial<BulkDraft> | null
    if (!kept || typeof kept.key !== 'string' || typeof kept.subject !== 'string' || typeof kept.body !== 'string' || !Array.isArray(kept.attachments)) return undefined
    const channels = Array.isArray(kept.channels) ? copied.filter((c) => kept.channels!.includes(c)) : []
    return { key: kept.key, subject: kept.subject, body: kept.body, attachments: kept.attachments, channels, ...(Array.isArray(kept.asked) ? { asked: kept.asked } : {}) }
  } catch {
    return undefined
  }
}

/** Keeps the draft; an empty one is forgotten. Storage that refuses is no error: the text is still on the page. */
export function save(store: Store, group: string, draft: BulkDraft): void {
  try {
    if (!draft.subject && !draft.body && !draft.attachments.length && !draft.asked) store.removeItem(name(group))
    else store.setItem(name(group), JSON.stringify(draft))
  } catch {
    // private mode, or full
  }
}

export function forget(store: Store, group: string): void {
  try {
    store.removeItem(name(group))
  } catch {
    // nothing to forget
  }
}

/** Left out, by reason: the reason that holds most people back first. */
export function byReason<T extends { reason: { code: string } }>(leftOut: readonly T[]): { reason: T['reason']; people: T[] }[] {
  const by = new Map<string, { reason: T['reason']; people: T[] }>()
  for (const one of leftOut) {
    const found = by.get(one.reason.code)
    if (found) found.people.push(one)
    else by.set(one.reason.code, { reason: one.reason, people: [one] })
  }
  return [...by.values()].sort((a, b) => b.people.length - a.people.length)
}
