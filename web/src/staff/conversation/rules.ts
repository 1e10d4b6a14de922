// What a message must and may be before it goes, and which key sends it.

import { characters } from '../send/draft'

export const limits = { subject: 200, body: 4000, files: 10, fileBytes: 10 * 1024 * 1024 } as const

/** What the file dialog offers; the server looks at the content. */
export const accepted =
  'image/png,image/jpeg,image/gif,image/webp,application/pdf,text/plain,text/csv,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.odt,.ods,.odp,application/zip'

export type Fault = { field: 'subject' | 'body' | 'files'; why: 'missing' | 'long' | 'uploading' | 'broken'; over?: number }

type Given = { subject: string; body: string; files: number; uploading: number; broken: number; note: boolean; subjectNeeded: boolean }

/** What keeps it from being sent, in the order of the fields. A message of files alone needs no words. */
export function faults({ subject, body, files, uploading, broken, note, subjectNeeded }: Given): Fault[] {
  const out: Fault[] = []
  if (!note && subjectNeeded) {
    const used = characters(subject)
    if (!subject.trim()) out.push({ field: 'subject', why: 'missing' })
    else if (used > limits.subject) out.push({ field: 'subject', why: 'long', over: used - limits.subject })
  }
  const used = characters(body)
  if (used > limits.body) out.push({ field: 'body', why: 'long', over: used - limits.body })
  else if (!body.trim() && (note || (files === 0 && uploading === 0))) out.push({ field: 'body', why: 'missing' })
  if (!note && broken) out.push({ field: 'files', why: 'broken' })
  if (!note && uploading) out.push({ field: 'files', why: 'uploading' })
  return out
}

type Key = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing'>

/** Whether this key sends: Ctrl + Enter always, Enter alone by choice, never while a script's input method is composing. */
export function sends(e: Key, enterSends: boolean): boolean {
  if (e.key !== 'Enter' || e.isComposing || e.altKey) return false
  if (e.ctrlKey || e.metaKey) return true
  return enterSends && !e.shiftKey
}

export type Choice = { take: File[]; many: string[]; large: File[]; empty: string[] }

/** Which of the files given can go with a message that has so many already. */
export function choose(files: readonly File[], already: number): Choice {
  const out: Choice = { take: [], many: [], large: [], empty: [] }
  for (const file of files) {
    if (file.size === 0) out.empty.push(file.name)
    else if (file.size > limits.fileBytes) out.large.push(file)
    else if (already + out.take.length >= limits.files) out.many.push(file.name)
    else out.take.push(file)
  }
  return out
}

/** A pasted picture has no name of its own: `picture-2026-11-21-09-41-07.png`. */
export function pastedName(file: { name: string; type: string }, at: Date): string {
  if (file.name && !/^image\.\w+$/.test(file.name)) return file.name
  const two = (n: number) => String(n).padStart(2, '0')
  const stamp = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate()), two(at.getHours()), two(at.getMinutes()), two(at.getSeconds())].join('-')
  return `picture-${stamp}.${(file.type.split('/')[1] ?? 'png').replace('jpeg', 'jpg').replace(/\W.*$/, '')}`
}
