// Canned replies: finding one by what is typed, and filling in its fields.

import { fold } from '../../lib/fold'
import { byText } from '../../lib/order'
import type { Canned } from './types'

export type Values = { first_name: string; last_name: string; name: string; group: string; sender: string }

/** Fills in `{{first_name}}` and its like. A field that is empty or unknown stays, so that the sender sees it. */
export function filled(text: string, values: Values): string {
  return text.replace(/\{\{\s*(\w+)\s*\}\}/g, (field, name: string) => (Object.hasOwn(values, name) && (values as Record<string, string>)[name]) || field)
}

/** What a message shows of its canned reply while `/…` is all that is typed; undefined when it is not. */
export function slash(text: string): string | undefined {
  return /^\/([^\s/]{0,40})$/u.exec(text)?.[1]
}

/** Those that fit, best first: the shortcut itself, shortcuts and titles that begin so, then any word of title or text. */
export function matching(all: readonly Canned[], query: string): Canned[] {
  const q = fold(query.trim())
  const score = (c: Canned): number => {
    const shortcut = fold(c.shortcut ?? '')
    const title = fold(c.title)
    if (!q) return 1
    if (shortcut === q) return 5
    if (shortcut.startsWith(q)) return 4
    if (title.startsWith(q)) return 3
    if (title.includes(q)) return 2
    return fold(c.body).includes(q) ? 1 : 0
  }
  return all
    .map((c) => ({ c, score: score(c) }))
    .filter((e) => e.score > 0)
    .sort((a, b) => b.score - a.score || byText(a.c.title, b.c.title))
    .map((e) => e.c)
}
