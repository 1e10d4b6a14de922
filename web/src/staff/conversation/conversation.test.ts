import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ConversationPage, MessageItem } from './types'

/** A question to the server whose answer the test gives when it likes. */
type Asked = { what: string; answer(value: unknown): void; fail(error: unknown): void }

const { asked, heard, ask } = vi.hoisted(() => {
  const asked: Asked[] = []
  const heard = new Set<(frame: never) => void>()
  const ask = (what: string) => new Promise((answer, fail) => asked.push({ what, answer, fail }))
  return { asked, heard, ask }
})
vi.mock('../../lib/connection.svelte', () => ({ connection: { client: { open() {}, shut() {}, on: (what: string, fn: (frame: never) => void) => (what === 'frame' ? (heard.add(fn), () => heard.delete(fn)) : () => {}) } } }))
vi.mock('./api', () => ({ conversations: { page: () => ask('page'), since: (_: string, last: string) => ask('since ' + last), send: () => ask('send') } }))
const { LiveConversation } = await import('./conversation.svelte')

const at = '2026-11-21T09:00:00Z'
const message = (change: Partial<MessageItem> = {}): MessageItem => ({ type: 'message', id: 'm1', direction: 'out', body: 'Room 4', from: { id: 'a', name: 'Anna', role: 'planner' }, at, state: 'queued', ...change })
const page = (...items: MessageItem[]) => ({ conversation: { id: 'sara', name: 'Sara', unread: false }, items, next: '' }) as unknown as ConversationPage
const tell = (frame: object) => heard.forEach((fn) => fn(frame as never))
const told = (item: MessageItem) => tell({ type: 'conversation', conversation: 'sara', name: 'Sara', item })
const copied = (state: 'waiting' | 'delivered') => message({ deliveries: [{ channel: 'email', state, at }] })

let stop: () => void
let live: InstanceType<typeof LiveConversation>
const states = () => live.items.map((i) => (i as MessageItem).deliveries?.[0]?.state ?? 'none')
/** Answers the oldest question, which must be this one. */
async function answer(what: string, value: unknown) {
  await vi.waitFor(() => expect(asked[0]?.what).toBe(what))
  asked.shift()!.answer(value)
  await new Promise((done) => setTimeout(done))
}

beforeEach(() => {
  const kept = new Map<string, string>()
  vi.stubGlobal('sessionStorage', { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k) })
  vi.stubGlobal('document', { visibilityState: 'visible' })
  live = new LiveConversation('sara')
  stop = live.start()
})
afterEach(() => {
  stop()
  asked.length = 0
  vi.unstubAllGlobals()
})

test('a frame that was faster than the answer to our own sending is not undone by it', async () => {
  await answer('page', page())
  live.send('message', { body: 'Room 4', channels: ['email'] })
  told(copied('waiting'))
  told(copied('delivered'))
  await answer('send', { message: message() })
  expect(states()).toEqual(['delivered'])
  expect(live.outbox.list).toEqual([])
})

test('a frame that comes while the newest page is read is newer than the page', async () => {
  await answer('page', page(copied('waiting')))
  tell({ type: 'receipts', conversation: 'sara' })
  await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 3000 })
  told(copied('delivered'))
  await answer('page', page(copied('waiting')))
  expect(states()).toEqual(['delivered'])
})

test('a frame that comes between two readings is not lost to the slower one', async () => {
  await answer('page', page(message({ id: 'm0' })))
  tell({ type: 'welcome' })
  tell({ type: 'welcome' })
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  told(message())
  await answer('since m0', page())
  await answer('since m0', page())
  expect(live.items.map((i) => i.id)).toEqual(['m0', 'm1'])
})

test('after a gap what we had is read again: receipts and copies may have moved on', async () => {
  await answer('page', page(copied('waiting')))
  tell({ type: 'welcome' })
  await answer('since m1', page())
  await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 3000 })
  await answer('page', page(copied('delivered')))
  expect(states()).toEqual(['delivered'])
})

test('what was told before the first reading succeeded does not stand for the whole', async () => {
  await vi.waitFor(() => expect(asked).toHaveLength(1))
  told(message({ id: 'm9' }))
  asked.shift()!.fail(new Error('away'))
  await new Promise((done) => setTimeout(done))
  expect([live.ready, live.items]).toEqual([false, []])
  live.refresh()
  await answer('page', page(message({ id: 'm9' }), message({ id: 'm1' })))
  expect(live.items.map((i) => i.id)).toEqual(['m1', 'm9'])
})
