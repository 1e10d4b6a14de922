// Order of the live list.

import { byText } from '../../lib/order'
import type { Candidate } from '../types'

export type Column = 'seat' | 'name' | 'presence' | 'progress' | 'extra' | 'seen'
export interface Sort {
  column: Column
  descending: boolean
}

export const columns: readonly Column[] = ['seat', 'name', 'presence', 'progress', 'extra', 'seen']
export const initial: Sort = { column: 'seat', descending: false }

const presenceRank = { offline: 0, unknown: 1, unresponsive: 2, away: 3, online: 4 } as const
const progressRank = { not_started: 0, in_progress: 1, submitted: 2 } as const

const byPlace = (a: Candidate, b: Candidate) => byText(a.room, b.room) || byText(a.seat, b.seat)
const byName = (a: Candidate, b: Candidate) =>
  byText(a.family_name, b.family_name) || byText(a.given_name, b.given_name)

const comparers: Record<Column, (a: Candidate, b: Candidate) => number> = {
  seat: byPlace,
  name: byName,
  presence: (a, b) => presenceRank[a.presence] - presenceRank[b.presence],
  progress: (a, b) => progressRank[a.progress] - progressRank[b.progress],
  extra: (a, b) => a.extra_minutes - b.extra_minutes,
  seen: (a, b) => (a.last_seen_at ?? '').localeCompare(b.last_seen_at ?? ''),
}

/** A total order, so that rows that are equal in the column never swap places. */
export function comparer(s: Sort): (a: Candidate, b: Candidate) => number {
  const first = comparers[s.column]
  const sign = s.descending ? -1 : 1
  return (a, b) => sign * first(a, b) || byPlace(a, b) || byName(a, b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
}

/** What a click on a column's heading asks for. */
export function clicked(s: Sort, column: Column): Sort {
  return s.column === column ? { column, descending: !s.descending } : { column, descending: false }
}

export function toText(s: Sort): string {
  return s.column === initial.column && !s.descending ? '' : (s.descending ? '-' : '') + s.column
}

export function fromText(text: string | null): Sort {
  const descending = text?.startsWith('-') ?? false
  const column = (descending ? text?.slice(1) : text) as Column
  return columns.includes(column) ? { column, descending } : initial
}
