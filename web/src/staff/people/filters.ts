// What people can be filtered by, wherever they are listed: among conversations, in a group, all of mine. The server does the
// filtering; this is the filter in a page's address, as the server takes it, and what the menus change.
// Parts combine with AND, several values of one part with OR.

import type { Query } from '../../lib/api'

export interface Filter {
  /** Name or candidate id, every word a prefix. */
  q: string
  skill: string[]
  tag: string[]
  city: string[]
  /** Prefixes. */
  postcode: string[]
  /** Group ids of activities. */
  activity: string[]
  /** A standing (active, invited, locked) or an enrolment state. */
  state: string[]
  presence: string[]
  /** Fields of the organisation's own, by name. */
  fields: Readonly<Record<string, string[]>>
}

export const lists = ['skill', 'tag', 'city', 'postcode', 'activity', 'state', 'presence'] as const
export type ListPart = (typeof lists)[number]

export const none: Filter = { q: '', skill: [], tag: [], city: [], postcode: [], activity: [], state: [], presence: [], fields: {} }

const unique = (values: readonly string[]) => [...new Set(values.map((v) => v.trim()).filter(Boolean))]

export function read(query: URLSearchParams): Filter {
  const fields: Record<string, string[]> = {}
  for (const name of new Set(query.keys())) {
    if (!name.startsWith('field.') || name.length === 6) continue
    const values = unique(query.getAll(name))
    if (values.length) fields[name.slice(6)] = values
  }
  const out: Filter = { ...none, q: (query.get('q') ?? '').trim(), fields }
  for (const part of lists) out[part] = unique(query.getAll(part))
  return out
}

/** Adds the filter to an address. */
export function write(filter: Filter, query: URLSearchParams): void {
  if (filter.q.trim()) query.set('q', filter.q.trim())
  for (const part of lists) for (const value of filter[part]) query.append(part, value)
  for (const [name, values] of Object.entries(filter.fields)) for (const value of values) query.append('field.' + name, value)
}

/** As the server's GET takes it. */
export function wire(filter: Filter): Query {
  const out: Query = { q: filter.q.trim() || undefined }
  for (const part of lists) if (filter[part].length) out[part] = filter[part]
  for (const [name, values] of Object.entries(filter.fields)) if (values.length) out['field.' + name] = values
  return out
}

/** As the body of a sending takes it. */
export function body(filter: Filter): Record<string, unknown> {
  const out: Record<string, unknown> = {}
  if (filter.q.trim()) out['q'] = filter.q.trim()
  for (const part of lists) if (filter[part].length) out[part] = filter[part]
  if (Object.keys(filter.fields).length) out['fields'] = filter.fields
  return out
}

/** How many parts narrow. */
export const narrowing = (filter: Filter): number =>
  (filter.q.trim() ? 1 : 0) + lists.filter((part) => filter[part].length).length + Object.values(filter.fields).filter((v) => v.length).length

export function withField(filter: Filter, name: string, values: string[]): Filter {
  const fields = { ...filter.fields }
  if (values.length) fields[name] = values
  else delete fields[name]
  return { ...filter, fields }
}

/** "01, 02" → two prefixes. */
export const prefixes = (text: string): string[] => unique(text.split(/[,;\s]+/))
