// A conversation's items in order, oldest first, and how they stand under each
// other on the screen. Ids say nothing about order; the server's order does.

import type { CopyState } from '../../protocol/items'
import type { Item, MessageItem } from './types'

/** Puts what the server says in place of what we had, without moving anything. Unknown ones are left out. */
export function update(items: readonly Item[], given: readonly Item[]): Item[] {
  const by = new Map(given.map((i) => [i.id, i]))
  return items.map((i) => by.get(i.id) ?? i)
}

/** Adds an older page (newest first, as the server lists it) before everything. */
export function prepend(items: readonly Item[], page: readonly Item[]): Item[] {
  const known = new Set(items.map((i) => i.id))
  return [...page.filter((i) => !known.has(i.id)).reverse(), ...items]
}

/**
 * Adds newer items (oldest first). One we have is replaced in its place; a new one goes to the end, or before those at the end
 * that were written later: an answer to our own request may overtake a frame.
 */
export function append(items: readonly Item[], newer: readonly Item[]): Item[] {
  const out = [...items]
  const at = new Map(out.map((i, n) => [i.id, n]))
  for (const item of newer) {
    const known = at.get(item.id)
    if (known !== undefined) {
      out[known] = item
      continue
    }
    const time = Date.parse(item.at)
    let n = out.length
    while (n > 0 && Date.parse(out[n - 1]!.at) > time) n--
    out.splice(n, 0, item)
    for (let k = n; k < out.length; k++) at.set(out[k]!.id, k)
  }
  return out
}

/**
 * What a reading of the newest page makes of what is shown: the page, before it everything older that we had, behind it what
 * came while it was read. `gap`: the page does not join on to what is older, which is left out.
 */
export function replaceNewest(items: readonly Item[], page: readonly Item[]): { items: Item[]; gap: boolean } {
  const fresh = [...page].reverse()
  const ids = new Set(fresh.map((f) => f.id))
  const first = items.findIndex((i) => ids.has(i.id))
  const upTo = Date.parse(fresh.at(-1)?.at ?? '')
  const ours = items.filter((i) => !ids.has(i.id))
  if (first >= 0) return { items: append([...items.slice(0, first), ...fresh], ours), gap: false }
  const since = ours.filter((i) => !(Date.parse(i.at) < upTo))
  return { items: [...fresh, ...since], gap: since.length < ours.length }
}

export type Line =
  | { kind: 'day'; id: string; at: string }
  /** `first`: names its author; `last`: carries time and receipt. */
  | { kind: 'item'; id: string; item: Item; first: boolean; last: boolean }

const together = 5 * 60_000

/** Items with a line before each new day; messages that one person wrote within five minutes stand together. */
export function lines(items: readonly Item[], dayOf: (at: string) => string): Line[] {
  const out: Line[] = []
  let day = ''
  items.forEach((item, n) => {
    const today = dayOf(item.at)
    if (today !== day) out.push({ kind: 'day', id: 'day-' + item.id, at: item.at })
    const before = today === day ? items[n - 1] : undefined
    const after = items[n + 1]
    day = today
    out.push({
      kind: 'item',
      id: item.id,
      item,
      first: !before || !sameHand(before, item),
      last: !after || dayOf(after.at) !== today || !sameHand(item, after),
    })
  })
  return out
}

function sameHand(a: Item, b: Item): boolean {
  if (a.type !== 'message' || b.type !== 'message') return false
  if (a.direction !== b.direction || a.from.name !== b.from.name || a.from.id !== b.from.id) return false
  if (a.broadcast || b.broadcast || a.about || b.about || b.subject) return false
  // Its copies stand under it.
  if (a.deliveries?.length) return false
  return Date.parse(b.at) - Date.parse(a.at) < together && receipt(a) === receipt(b)
}

export type Receipt = 'sent' | 'delivered' | 'seen' | 'stopped'

/** How far one of ours has come, undefined for theirs. */
export function receipt(item: MessageItem): Receipt | undefined {
  if (item.direction === 'in') return undefined
  if (item.times?.displayed_at || item.times?.acknowledged_at || item.state === 'displayed' || item.state === 'acknowledged') return 'seen'
  if (item.times?.delivered_at || item.state === 'delivered') return 'delivered'
  if (item.stopped) return 'stopped'
  return 'sent'
}

export function receiptAt(item: MessageItem): string | undefined {
  return item.times?.displayed_at ?? item.times?.acknowledged_at ?? item.times?.delivered_at ?? undefined
}

/** Whether something of ours may still get a receipt: then the page asks again now and then. */
export const awaits = (items: readonly Item[]): boolean => items.slice(-30).some((i) => i.type === 'message' && i.direction === 'out' && (waits(i) || (i.deliveries ?? []).some(goesOn)))

const waits = (item: MessageItem): boolean => receipt(item) === 'sent' || receipt(item) === 'delivered'

/** Whether more will be heard of a copy. Mail that was taken says nothing more unless it comes back. */
const goesOn = (copy: CopyState): boolean => copy.state === 'waiting' || copy.state === 'sending' || (copy.state === 'sent' && copy.channel === 'sms')

/** The group that an answer belongs to: that of the latest message, if the person is still in it. */
export function answerGroup(items: readonly Item[], groups: readonly { id: string; state?: string }[]): string | undefined {
  const open = groups.filter((g) => g.state !== 'left')
  for (let n = items.length - 1; n >= 0; n--) {
    const item = items[n]!
    if (item.type !== 'message' || !item.group) continue
    return open.find((g) => g.id === item.group!.id)?.id
  }
  return open.length === 1 ? open[0]!.id : undefined
}
