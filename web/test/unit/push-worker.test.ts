import { readFileSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { expect, test } from 'vitest'

type Handler = (event: Record<string, unknown>) => void
type Page = { url: string; focused: boolean; focus?: () => void }

/** The worker, in a world of its own with these pages open. */
function worker(pages: Page[] = []) {
  const handlers: Record<string, Handler> = {}
  const shown: { title: string; options: { body: string; data: { link: string } } }[] = []
  const opened: string[] = []
  const sent: { url: string; body: unknown }[] = []
  const self = {
    location: { origin: 'https://crier.example' },
    addEventListener: (name: string, handler: Handler) => (handlers[name] = handler),
    skipWaiting: () => undefined,
    clients: { matchAll: () => Promise.resolve(pages), openWindow: (url: string) => Promise.resolve(opened.push(url)) },
    registration: { showNotification: (title: string, options: (typeof shown)[0]['options']) => Promise.resolve(shown.push({ title, options })) },
  }
  const fetch = (url: string, init: { body: string }) => Promise.resolve(sent.push({ url, body: JSON.parse(init.body) }))
  const source = readFileSync(new URL('../../public/push-worker.js', import.meta.url), 'utf8')
  runInContext(source, createContext({ self, fetch, URL }))
  const fire = async (name: string, event: Record<string, unknown>) => {
    let done: unknown
    handlers[name]!({ ...event, waitUntil: (p: unknown) => (done = p) })
    await done
  }
  const push = (payload: string) => fire('push', { data: { json: () => JSON.parse(payload) as unknown } })
  const click = (link: unknown) => fire('notificationclick', { notification: { close: () => undefined, data: { link } } })
  return { push, click, fire, shown, opened, sent }
}

test('a push is shown with its link', async () => {
  const w = worker([{ url: 'https://crier.example/staff/messages', focused: false }])
  await w.push('{"title":"Sara Amin","line":"On my way","link":"/staff/messages?open=p1","tag":"d1"}')
  expect(w.shown).toMatchObject([{ title: 'Sara Amin', options: { body: 'On my way', data: { link: 'https://crier.example/staff/messages?open=p1' } } }])
})

test('a page in front shows it itself, one of the other part does not', async () => {
  const staff = worker([{ url: 'https://crier.example/staff/tests', focused: true }])
  await staff.push('{"title":"a","line":"b","link":"/staff/messages"}')
  expect(staff.shown).toEqual([])
  await staff.push('{"title":"a","line":"b","link":"/"}')
  expect(staff.shown).toHaveLength(1)
})

test.each(['https://evil.example/', '//evil.example', 'javascript:alert(1)', '\\\\evil.example', 7, undefined])('%s opens nothing but our own pages', async (link) => {
  const w = worker()
  await w.click(link)
  expect(w.opened).toHaveLength(1)
  expect(new URL(w.opened[0]!).origin).toBe('https://crier.example')
  await w.push(JSON.stringify({ title: 't', line: 'l', link }))
  expect(new URL(w.shown[0]!.options.data.link).origin).toBe('https://crier.example')
})

test('what cannot be read is shown as something', async () => {
  const w = worker()
  await w.push('no json')
  expect(w.shown).toMatchObject([{ title: 'Crier', options: { body: '' } }])
})

test('a page that shows the link comes to the front', async () => {
  let focused = 0
  const w = worker([{ url: 'https://crier.example/staff/messages?open=p1', focused: false, focus: () => focused++ }])
  await w.click('https://crier.example/staff/messages?open=p1')
  expect(focused).toBe(1)
  expect(w.opened).toEqual([])
})

test('a new address for pushes is told to the server', async () => {
  const w = worker()
  await w.fire('pushsubscriptionchange', { newSubscription: { toJSON: () => ({ endpoint: 'https://push.example/1', keys: { p256dh: 'p', auth: 'a' }, expirationTime: null }) } })
  expect(w.sent).toEqual([{ url: '/api/v1/me/push', body: { endpoint: 'https://push.example/1', keys: { p256dh: 'p', auth: 'a' } } }])
})
