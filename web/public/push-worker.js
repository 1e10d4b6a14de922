// The service worker of web push, served at /push-worker.js. It shows what the server pushes and opens its link; it keeps
// and fetches nothing, so that pages work as they do without it.
'use strict'

/** A push is shown, unless a page of the same part (staff's or candidates') is in front: it shows the message itself. */
async function show(data) {
  let push = {}
  try {
    push = data ? data.json() : {}
  } catch {
    // Not one of ours: the browser wants something shown for it all the same.
  }
  const link = own(push.link)
  const open = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  if (open.some((page) => page.focused && isStaff(new URL(page.url)) === isStaff(link))) return
  await self.registration.showNotification(text(push.title) || 'Crier', {
    body: text(push.line),
    tag: text(push.tag) || undefined,
    icon: '/favicon.svg',
    data: { link: link.href },
  })
}

/** The page that shows the link already, or a new one. */
async function open(link) {
  const pages = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const there = pages.find((page) => page.url === link.href)
  if (there) return there.focus()
  return self.clients.openWindow(link.href)
}

/** A link within this server's pages; anything else is its front page. */
function own(link) {
  try {
    const url = new URL(text(link) || '/', self.location.origin)
    if (url.origin === self.location.origin) return url
  } catch {
    // Not an address.
  }
  return new URL('/', self.location.origin)
}

const text = (value) => (typeof value === 'string' ? value : '')
const isStaff = (url) => url.pathname === '/staff' || url.pathname.startsWith('/staff/')

/** The browser has a new address for pushes: the server hears of it, for whoever is signed in here. */
async function renew(subscription) {
  if (!subscription) return
  const { endpoint, keys } = subscription.toJSON()
  await fetch('/api/v1/me/push', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ endpoint, keys }),
  })
}

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('push', (event) => event.waitUntil(show(event.data)))
self.addEventListener('notificationclick', (event) => {
  event.notification.close()
  event.waitUntil(open(own(event.notification.data && event.notification.data.link)))
})
self.addEventListener('pushsubscriptionchange', (event) => event.waitUntil(renew(event.newSubscription)))
