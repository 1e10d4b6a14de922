import { Router } from '../lib/router.svelte'

export const router = new Router(
  { home: '/', test: '/test/:id', signIn: '/sign-in' },
  (path) => path === '/' || path === '/sign-in' || path.startsWith('/test/'),
)
