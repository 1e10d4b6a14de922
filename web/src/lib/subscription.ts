// This browser's own subscription to pushes, apart from what the server knows of it.

import type { Store } from './storage'

/** Where the service worker stands; its scope is the whole site. */
export const worker = '/push-worker.js'

/** Whether this browser can at all. */
export const pushable = (): boolean => typeof window !== 'undefined' && 'serviceWorker' in navigator && 'PushManager' in window && 'Notification' in window

export async function subscription(): Promise<PushSubscription | null> {
  if (!pushable()) return null
  const registered = await navigator.serviceWorker.getRegistration(worker)
  return (await registered?.pushManager.getSubscription()) ?? null
}

/** As the API takes it. */
export function told(made: PushSubscription): { endpoint: string; keys: { p256dh: string; auth: string } } {
  const { endpoint, keys } = made.toJSON()
  return { endpoint: endpoint ?? made.endpoint, keys: { p256dh: keys?.p256dh ?? '', auth: keys?.auth ?? '' } }
}

/** Ends it here, whether or not the server still knows it. Never fails, and never takes long. */
export async function drop(): Promise<void> {
  await atMost(subscription().then((made) => made?.unsubscribe()))
}

/** Waits for it, but neither long nor for its failure. */
async function atMost(done: Promise<unknown>): Promise<void> {
  await Promise.race([done, new Promise((late) => setTimeout(late, 2000))]).catch(() => {})
}

const name = 'push'

/** Notes that the person who is signed in has switched pushes on here; '' = off. */
export function mark(store: Store, endpoint: string): void {
  try {
    if (endpoint) store.setItem(name, endpoint)
    else store.removeItem(name)
  } catch {
    // then they switch it on again after their next sign-in
  }
}

/**
 * A person has come in. Another's subscription ends. Their own goes on: `again` tells the server, for a subscription
 * ends there with the sign-in that made it.
 */
export async function settle(store: Store, again?: (made: PushSubscription) => Promise<unknown>): Promise<void> {
  // What fails is shown by the switch on the settings page.
  await atMost(
    subscription().then(async (made) => {
      if (!made) return
      if (store.getItem(name) !== made.endpoint) await made.unsubscribe()
      else await again?.(made)
    }),
  )
}
