import { path, Router } from '../lib/router.svelte'

const routes = {
  tests: '/staff',
  monitor: '/staff/tests/:test',
  board: '/staff/broadcasts/:id',
  log: '/staff/log',
  entry: '/staff/log/:id',
} as const

export const router = new Router(routes, (address) => address === '/staff' || address.startsWith('/staff/'))

/** Addresses of the staff's pages. */
export const to = {
  tests: () => path(routes, 'tests') + '/',
  monitor: (test: string) => path(routes, 'monitor', { test }),
  board: (id: string) => path(routes, 'board', { id }),
  log: (query = '') => path(routes, 'log') + (query ? '?' + query : ''),
  entry: (id: string, query = '') => path(routes, 'entry', { id }) + (query ? '?' + query : ''),
}
