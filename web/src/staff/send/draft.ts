// The draft of a sending: its text and its key, kept in the tab until it is sent,
// so that a failed send, a closed dialog or a reload loses nothing.

import { newKey } from '../../lib/key'
import { copied, type Copied } from '../deliveries/types'

export { newKey }

/** What was asked of the server, to the letter: a repeat must be the same. */
export interface Asked {
  subject: string
  body: string
  people: string[]
  channels?: Copied[]
}

export interface Draft {
  /** Made once, kept for every try: the server does nothing twice for one key. */
  key: string
  subject: string
  body: string
  /** Copies that go with it. */
  channels?: Copied[]
  /** Set once a try has begun whose end is not known: may have been sent. */
  asked?: Asked
}

/** Characters as the server counts them: Unicode code points. */
export const characters = (s: string): number => [...s].length

export const limits = { subject: 200, body: 4000 } as const

export const fresh = (makeKey: () => string = newKey): Draft => ({ key: makeKey(), subject: '', body: '' })

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem'>

const name = (test: string) => `crier.draft.${test}`

export function load(store: Storage, test: string): Draft | undefined {
  try {
    const d = JSON.parse(store.getItem(name(test)) ?? 'null') as Partial<Draft> | null
    if (!d || typeof d.key !== 'string' || typeof d.subject !== 'string' || typeof d.body !== 'string') return undefined
    const draft: Draft = { key: d.key, subject: d.subject, body: d.body }
    if (Array.isArray(d.channels)) draft.channels = copied.filter((c) => d.channels!.includes(c))
    if (d.asked && Array.isArray(d.asked.people)) draft.asked = d.asked
    return draft
  } catch {
    return undefined
  }
}

/** Keeps the draft; one without any text is forgotten. Storage that refuses (private mode, full) is no error. */
export function save(store: Storage, test: string, draft: Draft): void {
  try {
    if (!draft.subject && !draft.body && !draft.asked) store.removeItem(name(test))
    else store.setItem(name(test), JSON.stringify(draft))
  } catch {
    // the text is still on the page
  }
}

export function forget(store: Storage, test: string): void {
  try {
    store.removeItem(name(test))
  } catch {
    // nothing to forget
  }
}

export type Missing = 'subject' | 'body' | 'recipients'
export type Fault = { field: Missing; why: 'missing' | 'long' | 'many' }

/** What keeps a draft from being sent, in the order of the fields. */
export function faults(draft: Pick<Draft, 'subject' | 'body'>, recipients: number, most: number, subjectRequired: boolean): Fault[] {
  const out: Fault[] = []
  if (subjectRequired && !draft.subject.trim()) out.push({ field: 'subject', why: 'missing' })
  else if (characters(draft.subject) > limits.subject) out.push({ field: 'subject', why: 'long' })
  if (!draft.body.trim()) out.push({ field: 'body', why: 'missing' })
  else if (characters(draft.body) > limits.body) out.push({ field: 'body', why: 'long' })
  if (recipients === 0) out.push({ field: 'recipients', why: 'missing' })
  else if (recipients > most) out.push({ field: 'recipients', why: 'many' })
  return out
}
