// Pushes to this browser: the service worker, the browser's subscription, and telling
// the server of it. What the browser cannot do is said, never thrown at the page.

import { api } from './session.svelte'

/** Where the service worker stands; its scope is the whole site. */
const worker = '/push-worker.js'

/** Whether this browser can at all. */
export const pushable = (): boolean => 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window

/** The user, or the browser, has said no for good. */
export const forbidden = (): boolean => pushable() && Notification.permission === 'denied'

/** The key of GET /channels (base64url) as the browser wants it. */
export function keyBytes(key: string): Uint8Array<ArrayBuffer> {
  const text = atob(key.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

async function subscription(): Promise<PushSubscription | null> {
  const registered = await navigator.serviceWorker.getRegistration(worker)
  return (await registered?.pushManager.getSubscription()) ?? null
}

/** Whether this browser takes pushes now. */
export const subscribed = async (): Promise<boolean> => pushable() && (await subscription()) !== null

/** Asks the browser, then tells the server. False if the user said no. Throws what the server or the browser says. */
export async function subscribe(key: string): Promise<boolean> {
  if ((await Notification.requestPermission()) !== 'granted') return false
  const registered = await navigator.serviceWorker.register(worker)
  await navigator.serviceWorker.ready
  const made = await registered.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: keyBytes(key) })
  try {
    await api.post('/me/push', told(made))
  } catch (error) {
    // The server does not know of it: it would never come to anything.
    await made.unsubscribe().catch(() => {})
    throw error
  }
  return true
}

/** Tells the server first: what it does not know, it does not send. */
export async function unsubscribe(): Promise<void> {
  const made = await subscription()
  if (!made) return
  await api.delete('/me/push', { body: told(made) })
  await made.unsubscribe()
}

function told(made: PushSubscription): { endpoint: string; keys: { p256dh: string; auth: string } } {
  const { endpoint, keys } = made.toJSON()
  return { endpoint: endpoint ?? made.endpoint, keys: { p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' } }
}
