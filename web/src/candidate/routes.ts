import { Router } from '../lib/router.svelte'

export const router = new Router(
  { home: '/', test: '/test/:id', messages: '/messages', message: '/messages/:id', signIn: '/sign-in' },
  (path) => !path.startsWith('/staff') && !path.startsWith('/docs') && !path.startsWith('/api/'),
)
