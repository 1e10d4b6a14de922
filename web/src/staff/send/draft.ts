// The draft of a sending: text, files and key, kept in the tab until it is sent, so that a failed try, a closed dialog or a
// reload loses nothing. While it is not known how a try ended, every repeat is that request to the letter.

import { newKey } from '../../lib/key'
import type { Store } from '../../lib/storage'
import type { Attachment } from '../../protocol/frames'
import { copied, type Copied } from '../deliveries/types'
import { blank } from '../../lib/visible'

export { newKey }

export interface Draft {
  /** Made once, kept for every try: the server does nothing twice for one key. */
  key: string
  subject: string
  body: string
  attachments: readonly Attachment[]
  /** Copies that go with it. */
  channels: readonly Copied[]
  /** Whom the copies were ticked for (mark): they are not taken over to others. */
  to?: string
  /** Whom a try named, once one has begun whose end is not known: it may have been sent. The rest does not change then. */
  asked?: readonly string[]
  /** Of those, who cannot be reached is left out. */
  leaveOut?: boolean
  /** As how many sendings a try asked for it; absent: as one. */
  parts?: number
}

/** Characters as the server counts them: Unicode code points. */
export const characters = (s: string): number => [...s].length

export const limits = { subject: 200, body: 4000 } as const

export const fresh = (channels: readonly Copied[] = [], makeKey: () => string = newKey): Draft => ({ key: makeKey(), subject: '', body: '', attachments: [], channels })

/** A short name for whom a draft is to, which differs for others. */
export function mark(recipients: object): string {
  const text = JSON.stringify(recipients)
  let a = 0x811c9dc5
  let b = 0
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x01000193)
    b = (Math.imul(b, 31) + text.charCodeAt(i)) | 0
  }
  return `${text.length}.${(a >>> 0).toString(36)}.${(b >>> 0).toString(36)}`
}

/** place: what the sending is to. */
const name = (place: string) => `draft.${place}`

export function load(store: Store, place: string): Draft | undefined {
  try {
    const kept = JSON.parse(store.getItem(name(place)) ?? 'null') as Partial<Draft> | null
    if (!kept || typeof kept.key !== 'string' || typeof kept.subject !== 'string' || typeof kept.body !== 'string') return undefined
    const channels = Array.isArray(kept.channels) ? copied.filter((c) => kept.channels!.includes(c)) : []
    return { key: kept.key, subject: kept.subject, body: kept.body, attachments: Array.isArray(kept.attachments) ? kept.attachments : [], channels, ...(typeof kept.to === 'string' ? { to: kept.to } : {}), ...(Array.isArray(kept.asked) ? { asked: kept.asked, ...(kept.leaveOut === true ? { leaveOut: true } : {}) } : {}), ...(typeof kept.parts === 'number' ? { parts: kept.parts } : {}) }
  } catch {
    return undefined
  }
}

/** Keeps the draft; an empty one is forgotten. Storage that refuses (private mode, full) is no error: the text is still on the page. */
export function save(store: Store, place: string, draft: Draft): void {
  try {
    if (!draft.subject && !draft.body && !draft.attachments.length && !draft.asked) store.removeItem(name(place))
    else store.setItem(name(place), JSON.stringify(draft))
  } catch {
    // the text is still on the page
  }
}

export function forget(store: Store, place: string): void {
  try {
    store.removeItem(name(place))
  } catch {
    // nothing to forget
  }
}

export type Fault = { field: 'subject' | 'body'; why: 'missing' | 'long' } | { field: 'files'; why: 'failed' | 'uploading' } | { field: 'recipients'; why: 'missing' | 'many' }

/** What else decides whether a draft can go. recipients: undefined while it is not known who they are. */
export type Around = { recipients?: number; most: number; subjectRequired: boolean; failed: number; uploading: number }

/** What keeps a draft from being sent, in the order of the fields; what ends by itself comes last. */
export function faults(draft: Pick<Draft, 'subject' | 'body'>, around: Around): Fault[] {
  const out: Fault[] = []
  for (const field of ['subject', 'body'] as const) {
    if (blank(draft[field]) && (field === 'body' || around.subjectRequired)) out.push({ field, why: 'missing' })
    else if (characters(draft[field]) > limits[field]) out.push({ field, why: 'long' })
  }
  if (around.failed) out.push({ field: 'files', why: 'failed' })
  if (around.recipients === 0) out.push({ field: 'recipients', why: 'missing' })
  else if ((around.recipients ?? 0) > around.most) out.push({ field: 'recipients', why: 'many' })
  if (around.uploading) out.push({ field: 'files', why: 'uploading' })
  return out
}
