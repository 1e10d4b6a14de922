// What a message must and may be before it goes, and which key sends it.

import { isEnter } from '../../lib/keys'
import { characters } from '../send/draft'
import { blank } from '../../lib/visible'

export const limits = { subject: 200, body: 4000 } as const

export type Fault = { field: 'subject' | 'body' | 'files'; why: 'missing' | 'long' | 'uploading' | 'broken'; over?: number }

type Given = { subject: string; body: string; files: number; uploading: number; broken: number; note: boolean; subjectNeeded: boolean }

/** What keeps it from being sent, in the order of the fields; what only takes time comes last. A message of files alone needs no words. */
export function faults({ subject, body, files, uploading, broken, note, subjectNeeded }: Given): Fault[] {
  const out: Fault[] = []
  if (!note && subjectNeeded) {
    const used = characters(subject)
    if (blank(subject)) out.push({ field: 'subject', why: 'missing' })
    else if (used > limits.subject) out.push({ field: 'subject', why: 'long', over: used - limits.subject })
  }
  const used = characters(body)
  if (used > limits.body) out.push({ field: 'body', why: 'long', over: used - limits.body })
  else if (blank(body) && (note || (files === 0 && uploading === 0))) out.push({ field: 'body', why: 'missing' })
  if (!note && broken) out.push({ field: 'files', why: 'broken' })
  if (!note && uploading) out.push({ field: 'files', why: 'uploading' })
  return out
}

type Key = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing' | 'keyCode'>

/** Whether this key sends: Ctrl + Enter always, Enter alone by choice, never while a script's input method is composing. */
export function sends(e: Key, enterSends: boolean): boolean {
  if (!isEnter(e) || e.altKey) return false
  if (e.ctrlKey || e.metaKey) return true
  return enterSends && !e.shiftKey
}
