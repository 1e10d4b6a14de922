// What the Messages page shows: folder, group, filters, order, and which conversation stands open. All of it is the page's
// address, so that Back, a reload, a saved filter and a link to a colleague mean the same.

import type { Query } from '../../lib/api'
import type { GroupKind } from '../conversation/types'
import { type Filter, narrowing, none as noFilter, read, wire, write } from '../people/filters'

export const folders = ['all', 'unread', 'received', 'sent', 'snoozed', 'archived'] as const
export type Folder = (typeof folders)[number]

export const kinds: readonly GroupKind[] = ['pool', 'job', 'activity', 'test']

export const sorts = ['newest', 'oldest', 'last_received', 'last_sent', 'last_name', 'unprocessed', 'waiting'] as const
export type Sort = (typeof sorts)[number]

export interface View {
  folder: Folder
  /** All groups of a kind; '' for any. Nothing while `group` names one. */
  kind: GroupKind | ''
  group: string
  /** Only what was written in the group, or in groups of the kind; else all of the people in them. */
  written: boolean
  filter: Filter
  processed: 'yes' | 'no' | ''
  /** A message waits longer than its group's expected reply time. */
  overdue: boolean
  /** me, none, a colleague's id, or '' for whoever. */
  assigned: string
  /** undefined: the folder's own order. */
  sort: Sort | undefined
  /** Whose conversation stands open. */
  open: string
  /** The item to jump to in it. */
  item: string
  /** Text sought in all messages; the results take the place of the list. */
  find: string
  /** The profile stands beside it. */
  panel: boolean
}

export const none: View = { folder: 'all', kind: '', group: '', written: false, filter: noFilter, processed: '', overdue: false, assigned: '', sort: undefined, open: '', item: '', find: '', panel: false }

function known<T extends string>(value: string | null, allowed: readonly T[]): T | undefined {
  return (allowed as readonly (string | null)[]).includes(value) ? (value as T) : undefined
}

export function fromQuery(text: string): View {
  const query = new URLSearchParams(text)
  const folder = known(query.get('folder'), folders) ?? 'all'
  const group = query.get('group') ?? ''
  const kind = group ? '' : (known(query.get('kind'), kinds) ?? '')
  const sort = known(query.get('sort'), sorts)
  return {
    folder,
    group,
    kind,
    written: somewhere({ group, kind }) && query.get('written') === 'yes',
    // Who is signed in now is no filter of conversations.
    filter: { ...read(query), presence: [] },
    processed: known(query.get('processed'), ['yes', 'no'] as const) ?? '',
    overdue: query.get('overdue') === 'yes',
    assigned: query.get('assigned') ?? '',
    sort: sort === ownSort(folder) ? undefined : sort,
    open: query.get('open') ?? '',
    item: query.get('item') ?? '',
    find: query.get('find') ?? '',
    panel: query.get('panel') === 'profile',
  }
}

/** A group, or a kind of groups, is chosen. */
export const somewhere = (view: Pick<View, 'group' | 'kind'>): boolean => view.group !== '' || view.kind !== ''

/** Rows are of what was written there alone. */
export const narrow = (view: View): boolean => view.written && somewhere(view)

/** The part that says which conversations: what a saved filter keeps. */
function which(view: View): URLSearchParams {
  const query = new URLSearchParams()
  if (view.folder !== 'all') query.set('folder', view.folder)
  if (view.group) query.set('group', view.group)
  else if (view.kind) query.set('kind', view.kind)
  if (narrow(view)) query.set('written', 'yes')
  write(view.filter, query)
  if (view.processed) query.set('processed', view.processed)
  if (view.overdue) query.set('overdue', 'yes')
  if (view.assigned) query.set('assigned', view.assigned)
  if (view.sort && view.sort !== ownSort(view.folder)) query.set('sort', view.sort)
  return query
}

/** What is saved under a name: the list, not what stands open beside it. */
export const toSaved = (view: View): string => which(view).toString()

export function toQuery(view: View): string {
  const query = which(view)
  if (view.find.trim()) query.set('find', view.find.trim())
  if (view.open) {
    query.set('open', view.open)
    if (view.item) query.set('item', view.item)
    if (view.panel) query.set('panel', 'profile')
  }
  return query.toString()
}

/** As GET /conversations takes it. */
export function toWire(view: View): Query {
  return {
    folder: view.folder === 'all' ? undefined : view.folder,
    group: view.group || undefined,
    kind: view.group ? undefined : view.kind || undefined,
    written: narrow(view) ? 'yes' : undefined,
    ...wire(view.filter),
    processed: view.processed || undefined,
    overdue: view.overdue ? 'yes' : undefined,
    assigned: view.assigned || undefined,
    sort: sortOf(view),
  }
}

const ownSort = (folder: Folder): Sort => (folder === 'sent' ? 'last_sent' : folder === 'received' ? 'last_received' : 'newest')

export const sortOf = (view: View): Sort => view.sort ?? ownSort(view.folder)

/** How many filters narrow the folder, beside the group. */
export const filters = (view: View): number => narrowing(view.filter) + (view.processed ? 1 : 0) + (view.overdue ? 1 : 0) + (view.assigned ? 1 : 0)

/** Two views ask the server for the same list. */
export const sameList = (a: View, b: View): boolean => toSaved(a) === toSaved(b)
