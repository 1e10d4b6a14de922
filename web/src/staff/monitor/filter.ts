// The Monitor's filter. It means exactly what the server's filter means:
// parts combine with AND, several values of one part with OR, and every word of
// the search must begin a word of the name, the candidate id or the seat (a
// search without any letter or digit matches nobody).
// internal/domain/testdata/filter_cases.json is replayed against it.

import { holds, terms, words } from '../../lib/fold'
import { presences, type Candidate, type Presence, type Progress, type WireFilter } from '../types'

export interface Filter {
  q: string
  progress: Progress[]
  presence: Presence[]
  room: string[]
  seat: string[]
  /** null: with and without. */
  extraTime: boolean | null
  tag: string[]
  /** Ids of groups that they are in as well. */
  group: string[]
}

/** The parts that hold a list of values. */
export type ListPart = 'progress' | 'presence' | 'room' | 'seat' | 'tag' | 'group'
export type Part = ListPart | 'q' | 'extraTime'

export const empty: Filter = { q: '', progress: [], presence: [], room: [], seat: [], extraTime: null, tag: [], group: [] }

export const isEmpty = (f: Filter): boolean =>
  f.q.trim() === '' &&
  f.progress.length + f.presence.length + f.room.length + f.seat.length + f.tag.length + f.group.length === 0 &&
  f.extraTime === null

const found = new WeakMap<Candidate, string[]>()

function searchable(c: Candidate): string[] {
  let w = found.get(c)
  if (!w) {
    w = [c.name, c.external_id, c.seat].flatMap(words)
    found.set(c, w)
  }
  return w
}

/** What two spellings of one room or seat have in common (domain.PlaceKey). */
export const placeKey = (s: string): string =>
  s
    .replace(/\s+/gu, ' ')
    .replace(/[\p{Cf}\p{Variation_Selector}]/gu, '')
    .replace(/ +/g, ' ')
    .trim()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC')

const within = <T>(list: readonly T[], value: T): boolean => list.length === 0 || list.includes(value)

type Test = (c: Candidate) => boolean

function tests(f: Filter): Record<Part, Test> {
  const searching = f.q.trim() !== ''
  const sought = terms(f.q)
  const rooms = f.room.map(placeKey)
  const seats = f.seat.map(placeKey)
  return {
    q: (c) => !searching || (sought.length > 0 && holds(searchable(c), sought)),
    progress: (c) => within(f.progress, c.progress),
    presence: (c) => within(f.presence, c.presence),
    room: (c) => rooms.length === 0 || rooms.includes(placeKey(c.room)),
    seat: (c) => seats.length === 0 || seats.includes(placeKey(c.seat)),
    extraTime: (c) => f.extraTime === null || f.extraTime === c.extra_minutes > 0,
    tag: (c) => f.tag.length === 0 || c.tags.some((t) => f.tag.includes(t)),
    group: (c) => f.group.length === 0 || c.groups.some((g) => f.group.includes(g.id)),
  }
}

/** Returns the test that a candidate passes when it matches f. */
export function matcher(f: Filter): Test {
  const all = Object.values(tests(f))
  return (c) => all.every((t) => t(c))
}

export type Counts = ReadonlyMap<string, number>
export interface Facets {
  progress: Counts
  presence: Counts
  room: Counts
  seat: Counts
  tag: Counts
  group: Counts
  extraTime: Counts // "yes" and "no"
}

/**
 * How many candidates each value would show: those who match every other part
 * of the filter. So a count always says what a click on it gives.
 */
export function facets(f: Filter, candidates: readonly Candidate[]): Facets {
  const by = tests(f)
  const parts = Object.keys(by) as Part[]
  const maps = {
    progress: new Map<string, number>(),
    presence: new Map<string, number>(),
    room: new Map<string, number>(),
    seat: new Map<string, number>(),
    tag: new Map<string, number>(),
    group: new Map<string, number>(),
    extraTime: new Map<string, number>(),
  }
  const add = (m: Map<string, number>, k: string) => m.set(k, (m.get(k) ?? 0) + 1)
  for (const c of candidates) {
    let failed: Part | null = null
    let failures = 0
    for (const p of parts) {
      if (!by[p](c)) {
        failed = p
        if (++failures > 1) break
      }
    }
    if (failures > 1) continue
    const counts = (p: Part) => failures === 0 || failed === p
    if (counts('progress')) add(maps.progress, c.progress)
    if (counts('presence')) add(maps.presence, c.presence)
    if (counts('room')) add(maps.room, c.room)
    if (counts('seat')) add(maps.seat, c.seat)
    if (counts('extraTime')) add(maps.extraTime, c.extra_minutes > 0 ? 'yes' : 'no')
    if (counts('tag')) for (const t of c.tags) add(maps.tag, t)
    if (counts('group')) for (const g of c.groups) add(maps.group, g.id)
  }
  return maps
}

/** The filter with one value of a part switched. */
export function toggled<P extends ListPart>(f: Filter, part: P, value: Filter[P][number]): Filter {
  const list = f[part] as string[]
  const next = list.includes(value) ? list.filter((v) => v !== value) : [...list, value]
  return { ...f, [part]: next }
}

/** The filter as the server takes it. */
export function toWire(f: Filter): WireFilter {
  const w: WireFilter = {}
  if (f.q.trim()) w.q = f.q.trim()
  if (f.progress.length) w.progress = f.progress
  if (f.presence.length) w.presence = f.presence
  if (f.room.length) w.room = f.room
  if (f.seat.length) w.seat = f.seat
  if (f.extraTime !== null) w.extra_time = f.extraTime
  if (f.tag.length) w.tag = f.tag
  if (f.group.length) w.group = f.group
  return w
}

/** The filter that the server's form means. */
export function fromWire(w: WireFilter): Filter {
  return {
    q: w.q ?? '',
    progress: w.progress ?? [],
    presence: w.presence ?? [],
    room: w.room ?? [],
    seat: w.seat ?? [],
    extraTime: w.extra_time ?? null,
    tag: w.tag ?? [],
    group: w.group ?? [],
  }
}

const lists: readonly ListPart[] = ['progress', 'presence', 'room', 'seat', 'tag', 'group']

/** The filter as the query of the page's address; "" when nothing is narrowed. */
export function toQuery(f: Filter): string {
  const p = new URLSearchParams()
  if (f.q.trim()) p.set('q', f.q.trim())
  for (const part of lists) for (const v of f[part]) p.append(part, v)
  if (f.extraTime !== null) p.set('extra_time', f.extraTime ? 'yes' : 'no')
  return p.toString()
}

/** Reads an address. Values that cannot be are left out. */
export function fromQuery(query: string): Filter {
  const p = new URLSearchParams(query)
  const known = <T extends string>(part: string, allowed: readonly T[]) =>
    [...new Set(p.getAll(part))].filter((v): v is T => (allowed as readonly string[]).includes(v))
  const extra = p.get('extra_time')
  return {
    q: p.get('q') ?? '',
    progress: known('progress', ['not_started', 'in_progress', 'submitted'] as const),
    presence: known('presence', presences),
    room: [...new Set(p.getAll('room'))],
    seat: [...new Set(p.getAll('seat'))],
    extraTime: extra === 'yes' ? true : extra === 'no' ? false : null,
    tag: [...new Set(p.getAll('tag'))],
    group: [...new Set(p.getAll('group'))],
  }
}
