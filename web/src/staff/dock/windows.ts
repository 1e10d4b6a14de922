// Which chat windows stand open, in what order, and how many of them fit.

import type { Store } from '../../lib/storage'

export type Chat = { kind: 'person' | 'team'; id: string; name: string; collapsed: boolean; /** Item to jump to. */ item?: string }

export const keyOf = (c: Pick<Chat, 'kind' | 'id'>): string => `${c.kind}:${c.id}`

export const width = 340
const gap = 12
const chip = 176
const most = 12

/** Opens a chat, or brings an open one to the front: the newest stands first. */
export function opened(all: readonly Chat[], chat: Omit<Chat, 'collapsed'>): Chat[] {
  return [{ ...chat, collapsed: false }, ...all.filter((c) => keyOf(c) !== keyOf(chat))].slice(0, most)
}

export const closed = (all: readonly Chat[], key: string): Chat[] => all.filter((c) => keyOf(c) !== key)

export const changed = (all: readonly Chat[], key: string, change: Partial<Chat>): Chat[] => all.map((c) => (keyOf(c) === key ? { ...c, ...change } : c))

/** How many windows fit beside each other; the rest, and the collapsed, are chips. On a phone one fills the screen. */
export function fit(all: readonly Chat[], available: number): { shown: Chat[]; chips: Chat[] } {
  const wanted = all.filter((c) => !c.collapsed)
  let room = Math.max(1, Math.floor((available - gap) / (width + gap)))
  // Chips stand in the same row and take their room from the windows.
  while (room > 1 && wanted.length + (all.length - wanted.length) > room && room * (width + gap) + chip > available) room--
  const shown = wanted.slice(0, room)
  return { shown, chips: all.filter((c) => !shown.includes(c)) }
}

const name = 'dock'

export function load(store: Store): Chat[] {
  try {
    const kept: unknown = JSON.parse(store.getItem(name) ?? '[]')
    if (!Array.isArray(kept)) return []
    return kept
      .filter((c): c is Chat => typeof c === 'object' && c !== null && (c.kind === 'person' || c.kind === 'team') && typeof c.id === 'string' && typeof c.name === 'string')
      .map((c) => ({ kind: c.kind, id: c.id, name: c.name, collapsed: c.collapsed === true }))
      .slice(0, most)
  } catch {
    return []
  }
}

export function save(store: Store, all: readonly Chat[]): void {
  try {
    if (all.length) store.setItem(name, JSON.stringify(all.map(({ item: _, ...c }) => c)))
    else store.removeItem(name)
  } catch {
    // they are open all the same
  }
}
