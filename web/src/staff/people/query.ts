// What a people list shows: filter and order, as the page's address and as GET /people takes it.

import type { Query } from '../../lib/api'
import { type Filter, none as noFilter, read, wire, write } from './filters'

export const sorts = ['last_name', 'first_name', 'city'] as const
export type Sort = (typeof sorts)[number]

export interface PeopleView {
  filter: Filter
  sort: Sort
}

export const none: PeopleView = { filter: noFilter, sort: 'last_name' }

export function fromQuery(text: string): PeopleView {
  const query = new URLSearchParams(text)
  const sort = query.get('sort') as Sort
  return { filter: read(query), sort: sorts.includes(sort) ? sort : 'last_name' }
}

export function toQuery(view: PeopleView): string {
  const query = new URLSearchParams()
  write(view.filter, query)
  if (view.sort !== 'last_name') query.set('sort', view.sort)
  return query.toString()
}

export const toWire = (view: PeopleView, group: string): Query => ({ group: group || undefined, ...wire(view.filter), sort: view.sort === 'last_name' ? undefined : view.sort })
