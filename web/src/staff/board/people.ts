// The delivery board's views. "Who has not" means what the server means by it:
// who has not reached the state and was not told in person either.

import type { BroadcastCounts, ReceiptState, Recipient } from '../types'
import { t } from '../../i18n/staff'

/** Says that a state came through a ticket which somebody else made; "" if a sign-in of the candidate's own reported it. */
export function byTicket(r: Recipient, state: ReceiptState): string {
  const by = r.by_ticket_of?.[state]
  if (!by) return ''
  return t(by.kind === 'api_key' ? 'board.byTicket.api_key' : 'board.byTicket.other', { name: by.name })
}

export type View = 'displayed' | 'acknowledged' | 'delivered' | 'all'
export const views: readonly View[] = ['displayed', 'acknowledged', 'delivered', 'all']

export const asView = (text: string | null): View => (views.includes(text as View) ? (text as View) : 'displayed')

const reached: Record<Exclude<View, 'all'>, (r: Recipient) => boolean> = {
  delivered: (r) => !!r.delivered_at,
  displayed: (r) => !!r.displayed_at || !!r.told,
  acknowledged: (r) => !!r.acknowledged_at || !!r.told,
}

export function inView(view: View): (r: Recipient) => boolean {
  if (view === 'all') return () => true
  const has = reached[view]
  return (r) => !has(r)
}

export const countOf = (view: View, people: readonly Recipient[]): number => people.filter(inView(view)).length

export interface Bar {
  state: ReceiptState | 'told'
  /** People at this state or beyond it; for queued those who wait for a device. */
  count: number
}

/** One bar per state: a state includes those beyond it, queued is who is left. */
export function bars(c: BroadcastCounts): Bar[] {
  const out: Bar[] = [
    { state: 'queued', count: c.recipients - c.delivered },
    { state: 'delivered', count: c.delivered },
    { state: 'displayed', count: c.displayed },
    { state: 'acknowledged', count: c.acknowledged },
  ]
  if (c.told > 0) out.push({ state: 'told', count: c.told })
  return out
}

/** People by room, in the order they come: the server sorts by room, seat, name. */
export function byRoom(people: readonly Recipient[]): { room: string; people: Recipient[] }[] {
  const rooms = new Map<string, Recipient[]>()
  for (const p of people) {
    const list = rooms.get(p.room)
    if (list) list.push(p)
    else rooms.set(p.room, [p])
  }
  return [...rooms].map(([room, list]) => ({ room, people: list }))
}
