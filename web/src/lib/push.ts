// Pushes to this browser: the service worker, the browser's subscription, and telling
// the server of it. What the browser cannot do is said, never thrown at the page.

import { api } from './session.svelte'
import { local } from './storage'
import { mark, pushable, subscription, told, worker } from './subscription'

export { pushable }

/** The user, or the browser, has said no for good. */
export const forbidden = (): boolean => pushable() && Notification.permission === 'denied'

/** The key of GET /channels (base64url) as the browser wants it. */
export function keyBytes(key: string): Uint8Array<ArrayBuffer> {
  const text = atob(key.replaceAll('-', '+').replaceAll('_', '/'))
  return Uint8Array.from(text, (c) => c.charCodeAt(0))
}

/** Whether this browser takes pushes now. */
export const subscribed = async (): Promise<boolean> => (await subscription()) !== null

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
  mark(local, made.endpoint)
  return true
}

/** Tells the server first: what it does not know, it does not send. */
export async function unsubscribe(): Promise<void> {
  const made = await subscription()
  if (!made) return
  await api.delete('/me/push', { body: told(made) })
  await made.unsubscribe()
  mark(local, '')
}
