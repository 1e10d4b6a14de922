// Mentions in a note: the word that is being typed after an @, putting a name in its
// place, and which of those picked are still in the text.

import type { Named } from './types'

export type Typing = { start: number; query: string }

const longest = 40

/** The mention at the caret, if one is being typed: an @ at the beginning of a word, then at most three words. */
export function typingAt(text: string, caret: number): Typing | undefined {
  const start = text.lastIndexOf('@', caret - 1)
  if (start < 0 || caret - start > longest) return undefined
  if (start > 0 && /[\p{L}\p{N}._-]/u.test(text[start - 1]!)) return undefined
  const query = text.slice(start + 1, caret)
  if (/\n/.test(query) || /^\s/.test(query) || query.split(/\s+/).length > 3) return undefined
  return { start, query }
}

/** Puts a colleague's name where the mention was being typed. */
export function insert(text: string, caret: number, at: Typing, who: Named): { text: string; caret: number } {
  const before = text.slice(0, at.start) + '@' + who.name
  const after = text.slice(caret)
  const gap = /^[\s.,;:!?)]/.test(after) ? '' : ' '
  return { text: before + gap + after, caret: before.length + gap.length }
}

/** Of those who were picked, the ones whose name still stands in the text. */
export function mentioned(text: string, picked: readonly Named[]): Named[] {
  const seen = new Set<string>()
  return picked.filter((p) => text.includes('@' + p.name) && !seen.has(p.id) && seen.add(p.id))
}
