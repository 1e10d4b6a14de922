import { Router } from '../lib/router.svelte'

export const router = new Router(
  { home: '/', test: '/test/:id', schedule: '/schedule', settings: '/settings', signIn: '/sign-in', file: '/files/:id' },
  (path) => path === '/' || path === '/sign-in' || path === '/schedule' || path === '/settings' || path.startsWith('/test/') || path.startsWith('/files/'),
)
