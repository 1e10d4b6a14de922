import { afterEach, expect, test, vi } from 'vitest'
import { stubStorage } from '../../test/unit/kept'
import { enter, leave, local } from './storage'
import { drop, mark, settle } from './subscription'

const endpoint = 'https://push.example/1'

/** A browser that takes pushes at an address. Returns what was ended. */
function browser() {
  stubStorage('sara')
  const unsubscribe = vi.fn(() => Promise.resolve(true))
  for (const name of ['PushManager', 'Notification']) Object.assign(window, { [name]: class {} })
  vi.stubGlobal('navigator', { serviceWorker: { getRegistration: () => Promise.resolve({ pushManager: { getSubscription: () => Promise.resolve({ endpoint, unsubscribe }) } }) } })
  return unsubscribe
}

afterEach(() => {
  leave()
  vi.unstubAllGlobals()
})

test('a person’s own subscription goes on with their next sign-in', async () => {
  const unsubscribe = browser()
  mark(local, endpoint)
  enter('sara')
  const again = vi.fn(() => Promise.resolve())
  await settle(local, again)
  expect([again.mock.calls.length, unsubscribe.mock.calls.length]).toEqual([1, 0])
})

test('another person’s ends, and signing out ends one’s own', async () => {
  const unsubscribe = browser()
  mark(local, endpoint)
  enter('ola')
  const again = vi.fn(() => Promise.resolve())
  await settle(local, again)
  expect([again.mock.calls.length, unsubscribe.mock.calls.length]).toEqual([0, 1])
  await drop()
  expect(unsubscribe.mock.calls.length).toBe(2)
})

test('a browser that never answers holds up neither signing in nor out', async () => {
  vi.useFakeTimers()
  browser()
  vi.stubGlobal('navigator', { serviceWorker: { getRegistration: () => new Promise(() => {}) } })
  const done = Promise.all([settle(local), drop()])
  await vi.advanceTimersByTimeAsync(2000)
  await done
  vi.useRealTimers()
})
