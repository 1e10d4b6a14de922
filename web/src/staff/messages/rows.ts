// The loaded part of the list of conversations, without any framework. The server gives its order; a frame changes one row
// and moves it to where the order wants it, and only that row.

import type { ConversationFrame, Item, Row } from '../conversation/types'
import { narrow, type Sort, sortOf, type View } from './view'
import { byText } from '../../lib/order'
import { clip } from '../../lib/shorten'

/** A row under the id of its person, as ticks and the steady list want it. */
export type Line = Row & { id: string }

export const line = (row: Row): Line => ({ ...row, id: row.person.id })

const later = (a: string | null | undefined, b: string | null | undefined): number => moment(b) - moment(a)
const moment = (at: string | null | undefined): number => (at ? Date.parse(at) : 0)

const byName = (a: Row, b: Row) => byText(a.person.family_name, b.person.family_name) || byText(a.person.given_name, b.person.given_name)
const byLast = (a: Row, b: Row) => later(a.last?.at, b.last?.at)

const comparers: Record<Sort, (a: Row, b: Row) => number> = {
  newest: byLast,
  oldest: (a, b) => -byLast(a, b),
  last_received: (a, b) => later(a.last_received_at, b.last_received_at),
  last_sent: (a, b) => later(a.last_sent_at, b.last_sent_at),
  last_name: byName,
  unprocessed: (a, b) => Number(b.processed === 'open') - Number(a.processed === 'open') || byLast(a, b),
  waiting: (a, b) => (moment(a.waiting_since) || Infinity) - (moment(b.waiting_since) || Infinity) || byLast(a, b),
}

/** Infinity − Infinity is no number: equal. */
export const comparer = (sort: Sort) => (a: Row, b: Row) => comparers[sort](a, b) || 0

/** Whether a row that has changed still belongs into the view, as far as what changes can tell. */
export function belongs(row: Row, view: View, me: string): boolean {
  if (row.archived !== (view.folder === 'archived')) return false
  if ((row.snoozed !== undefined) !== (view.folder === 'snoozed')) return false
  if (view.overdue && !row.waiting_since) return false
  // What one reads just now stays until one leaves it.
  if (view.folder === 'unread' && !row.unread && view.open !== row.person.id) return false
  if (view.folder === 'received' && !row.last_received_at) return false
  if (view.folder === 'sent' && !row.last_sent_at) return false
  if (view.processed === 'yes' && row.processed !== 'processed') return false
  if (view.processed === 'no' && row.processed !== 'open') return false
  if (view.assigned === 'me' && row.assigned?.id !== me) return false
  if (view.assigned === 'none' && row.assigned) return false
  if (view.assigned && view.assigned !== 'me' && view.assigned !== 'none' && row.assigned?.id !== view.assigned) return false
  return true
}

/** What one line says of an item. */
export function excerpt(item: Item): string {
  if (item.type === 'event') return ''
  const body = item.body.replace(/\s+/g, ' ').trim()
  const files = item.type === 'message' ? (item.attachments ?? []).map((a) => a.name).join(', ') : ''
  return clip(body || files, 200)
}

/** The row after a frame. In a list of what was written in a group, or a kind, what belongs elsewhere changes the team's state only. */
export function patched(row: Line, frame: ConversationFrame, view: View): Line {
  const next: Line = frame.state ? { ...row, processed_by: undefined, processed_at: undefined, snoozed: undefined, assigned: undefined, ...frame.state } : { ...row }
  if (next.processed === 'processed') next.waiting_since = next.reply_due = undefined
  const item = frame.item
  if (item.type !== 'message' || item.automatic) return next
  if (narrow(view) && (view.group ? item.group?.id !== view.group : item.group?.kind !== view.kind)) return next
  if (row.last && moment(row.last.at) > moment(item.at)) return next
  const already = row.last?.id === item.id
  next.last = { id: item.id, type: item.broadcast ? 'broadcast' : 'message', direction: item.direction, at: item.at, line: excerpt(item), from: item.from.name }
  if (item.direction === 'in') {
    next.last_received_at = item.at
    if (!already) next.unread = true
    if (next.processed === 'open') {
      next.waiting_since = row.waiting_since ?? item.at
      const minutes = row.groups.find((g) => g.id === item.group?.id)?.reply_minutes
      if (minutes) next.reply_due = row.reply_due ?? new Date(moment(item.at) + minutes * 60_000).toISOString()
    }
  } else {
    next.last_sent_at = item.at
    next.waiting_since = next.reply_due = undefined
  }
  return next
}

/**
 * The rows with one of them changed (or new): in its place if its place in the order is the same, moved if not, gone if it no longer
 * belongs or now lies behind what is loaded.
 */
export function place(rows: readonly Line[], row: Line, view: View, me: string, more: boolean): readonly Line[] {
  const at = rows.findIndex((r) => r.id === row.id)
  if (!belongs(row, view, me)) return at < 0 ? rows : rows.toSpliced(at, 1)
  const compare = comparer(sortOf(view))
  const before = rows[at]
  if (before && compare(before, row) === 0) return rows.with(at, row)
  const rest = at < 0 ? rows : rows.toSpliced(at, 1)
  const to = rest.findIndex((r) => compare(row, r) < 0)
  if (to >= 0) return rest.toSpliced(to, 0, row)
  return more ? rest : [...rest, row]
}

/** A first page read anew, over what was loaded before: its rows come first, in its order, then what lay behind them. */
export function merge(loaded: readonly Line[], page: readonly Line[], more: boolean): { rows: readonly Line[]; tail: boolean } {
  if (!more) return { rows: page, tail: false }
  const fresh = new Set(page.map((r) => r.id))
  const tail = loaded.slice(page.length).filter((r) => !fresh.has(r.id))
  return { rows: [...page, ...tail], tail: tail.length > 0 }
}

/** The next page behind what is loaded; a row that moved meanwhile is not shown twice. */
export function append(loaded: readonly Line[], page: readonly Line[]): readonly Line[] {
  const have = new Set(loaded.map((r) => r.id))
  return [...loaded, ...page.filter((r) => !have.has(r.id))]
}

/** How many rows come, go or move between what is shown and what is wanted: the fewest that explain the difference. */
export function differing(shown: readonly { id: string }[], wanted: readonly { id: string }[]): number {
  const at = new Map(shown.map((r, i) => [r.id, i]))
  const kept = wanted.map((r) => at.get(r.id)).filter((i) => i !== undefined)
  // Rows that keep their order: the longest rising run of old places.
  const ends: number[] = []
  for (const place of kept) {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (ends[middle]! < place) low = middle + 1
      else high = middle
    }
    ends[low] = place
  }
  return wanted.length - kept.length + (shown.length - kept.length) + (kept.length - ends.length)
}

/** What fits these rows: archived ones can be un-archived, and so on. Of one that is not known, everything does. */
export function fitting(rows: readonly (Line | undefined)[]) {
  const any = (is: (row: Line) => boolean) => rows.some((row) => !row || is(row))
  return {
    unread: any((r) => r.unread),
    read: any((r) => !r.unread),
    archived: any((r) => r.archived),
    current: any((r) => !r.archived),
    snoozed: any((r) => r.snoozed !== undefined),
    awake: any((r) => r.snoozed === undefined),
    open: any((r) => r.processed === 'open'),
    processed: any((r) => r.processed === 'processed'),
  }
}
