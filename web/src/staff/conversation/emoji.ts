// Emoji for the composer's picker: their names and words to find them by, from
// emoji-picker-element-data, served by ourselves and fetched when the picker first
// opens. (The picker element of that family writes style elements and attributes,
// which our Content-Security-Policy refuses, so the picker is our own.)

import type { Store } from '../../lib/storage'
import address from 'emoji-picker-element-data/en/emojibase/data.json?url'

export type Emoji = { emoji: string; annotation: string; group: number; words: string }

type Raw = { emoji: string; annotation: string; group: number; version: number; tags?: string[]; shortcodes?: string[] }

/** Those of this version or older are drawn by most devices. */
const newest = 15

export function prepare(raw: readonly Raw[]): Emoji[] {
  return raw
    .filter((e) => e.version <= newest && e.group !== 2)
    .map((e) => ({ emoji: e.emoji, annotation: e.annotation, group: e.group, words: [e.annotation, ...(e.tags ?? []), ...(e.shortcodes ?? [])].join(' ').toLowerCase() }))
}

/** Every word asked for begins a word of the emoji's; those whose name begins with it first. */
export function search(all: readonly Emoji[], query: string): Emoji[] {
  const words = query.trim().toLowerCase().split(/\s+/)
  const found = all.filter((e) => words.every((w) => (' ' + e.words).includes(' ' + w)))
  return [...found.filter((e) => e.annotation.startsWith(words[0]!)), ...found.filter((e) => !e.annotation.startsWith(words[0]!))]
}

let loading: Promise<Emoji[]> | undefined

export function load(): Promise<Emoji[]> {
  loading ??= fetch(address)
    .then((answer) => {
      if (!answer.ok) throw new Error(String(answer.status))
      return answer.json() as Promise<Raw[]>
    })
    .then(prepare)
  loading.catch(() => (loading = undefined))
  return loading
}

const name = 'emoji'
const most = 16

export function recent(store: Store): string[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(name) ?? '[]')
    return Array.isArray(kept) ? kept.filter((e): e is string => typeof e === 'string').slice(0, most) : []
  } catch {
    return []
  }
}

export function used(store: Store, emoji: string): void {
  try {
    store.setItem(name, JSON.stringify([emoji, ...recent(store).filter((e) => e !== emoji)].slice(0, most)))
  } catch {
    // then there are none used lately
  }
}
