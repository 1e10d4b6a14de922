import { path, Router } from '../lib/router.svelte'

const routes = {
  tests: '/staff',
  monitor: '/staff/tests/:test',
  board: '/staff/broadcasts/:id',
  replies: '/staff/broadcasts/:id/replies',
  messages: '/staff/messages',
  groups: '/staff/groups',
  group: '/staff/groups/:group',
  people: '/staff/people',
  person: '/staff/people/:person',
  exports: '/staff/exports',
  mentions: '/staff/mentions',
  deliveries: '/staff/deliveries',
  unmatched: '/staff/unmatched',
  outbox: '/staff/outbox',
  settings: '/staff/settings',
  log: '/staff/log',
  entry: '/staff/log/:id',
} as const

export const router = new Router(routes, (address) => address === '/staff' || address.startsWith('/staff/'))

const asked = (query: string) => (query ? '?' + query : '')

/** Addresses of the staff's pages. */
export const to = {
  tests: () => path(routes, 'tests') + '/',
  monitor: (test: string) => path(routes, 'monitor', { test }),
  board: (id: string) => path(routes, 'board', { id }),
  replies: (id: string) => path(routes, 'replies', { id }),
  messages: (query = '') => path(routes, 'messages') + asked(query),
  /** A conversation on the Messages page, at an item if one is named. */
  conversation: (person: string, item = '') => path(routes, 'messages') + asked(new URLSearchParams({ open: person, ...(item ? { item } : {}) }).toString()),
  groups: (kind = '') => path(routes, 'groups') + asked(kind && new URLSearchParams({ kind }).toString()),
  group: (group: string, query = '') => path(routes, 'group', { group }) + asked(query),
  people: (query = '') => path(routes, 'people') + asked(query),
  person: (person: string) => path(routes, 'person', { person }),
  exports: () => path(routes, 'exports'),
  mentions: () => path(routes, 'mentions'),
  deliveries: (query = '') => path(routes, 'deliveries') + asked(query),
  unmatched: () => path(routes, 'unmatched'),
  outbox: (id = '') => path(routes, 'outbox') + asked(id && new URLSearchParams({ open: id }).toString()),
  settings: () => path(routes, 'settings'),
  log: (query = '') => path(routes, 'log') + asked(query),
  entry: (id: string, query = '') => path(routes, 'entry', { id }) + asked(query),
}
