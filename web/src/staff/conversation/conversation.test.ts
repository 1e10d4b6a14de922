import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { stubStorage } from '../../../test/unit/kept'
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
vi.mock('./api', () => ({ conversations: { page: (_: string, q: { before?: string }) => ask(q.before ? 'before ' + q.before : 'page'), send: () => ask('send') } }))
const { LiveConversation } = await import('./conversation.svelte')

const at = '2026-11-21T09:00:00Z'
const message = (change: Partial<MessageItem> = {}): MessageItem => ({ type: 'message', id: 'm1', direction: 'out', body: 'Room 4', from: { id: 'a', name: 'Anna', role: 'planner' }, at, state: 'queued', ...change })
const theirs = (id: string, when = '2026-11-21T09:05:00Z') => message({ id, direction: 'in', body: 'Which room?', from: { id: 'sara', name: 'Sara', role: 'candidate' }, at: when })
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
  stubStorage()
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

test('a frame that comes while one reads is shown at once, and is not lost to the slower page', async () => {
  await answer('page', page(message({ id: 'm0' })))
  tell({ type: 'welcome' })
  tell({ type: 'welcome' })
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  told(message())
  expect(live.items.map((i) => i.id)).toEqual(['m0', 'm1'])
  await answer('page', page(message({ id: 'm0' })))
  await answer('page', page(message({ id: 'm0' })))
  expect(live.items.map((i) => i.id)).toEqual(['m0', 'm1'])
})

test('what a candidate writes while receipts are read is unread, is told, and its page does not take that back', async () => {
  await answer('page', page(copied('waiting')))
  tell({ type: 'receipts', conversation: 'sara' })
  await vi.waitFor(() => expect(asked).toHaveLength(1), { timeout: 3000 })
  told(theirs('q1'))
  expect([live.latest?.id, live.row?.unread]).toEqual(['q1', true])
  await answer('page', page(theirs('q1'), copied('delivered')))
  expect([live.latest?.id, live.row?.unread, live.items.map((i) => i.id)]).toEqual(['q1', true, ['m1', 'q1']])
})

test('an older page that comes after a newer one says nothing any more', async () => {
  await answer('page', page(copied('waiting')))
  tell({ type: 'welcome' })
  tell({ type: 'welcome' })
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  asked.pop()!.answer(page(copied('delivered')))
  await new Promise((done) => setTimeout(done))
  await answer('page', page(copied('waiting')))
  expect(states()).toEqual(['delivered'])
})

test('after a gap what we had is read again, and what was missed stands before what we sent meanwhile', async () => {
  await answer('page', page(copied('waiting')))
  live.send('message', { body: 'Anybody?' })
  await answer('send', { message: message({ id: 'm3', body: 'Anybody?', at: '2026-11-21T09:02:00Z' }) })
  tell({ type: 'welcome' })
  await answer('page', page(message({ id: 'm3', body: 'Anybody?', at: '2026-11-21T09:02:00Z' }), theirs('q2', '2026-11-21T09:01:00Z'), copied('delivered')))
  expect(live.items.map((i) => i.id)).toEqual(['m1', 'q2', 'm3'])
  expect(states()[0]).toBe('delivered')
})

test('an answer to our own sending that comes late does not mark as read what came after it', async () => {
  await answer('page', page())
  live.send('message', { body: 'Room 4', channels: ['email'] })
  told(message())
  told(theirs('q1'))
  await answer('send', { message: message() })
  expect(live.row).toMatchObject({ unread: true, channels: ['email'], last: { id: 'q1' } })
})

test('a message that is told again since its copies have moved on is not the last one', async () => {
  await answer('page', page(theirs('q1'), copied('waiting')))
  told(theirs('q2'))
  told(copied('delivered'))
  expect(live.row?.last?.id).toBe('q2')
})

test('older ones that come after what is shown has become another are left out', async () => {
  await answer('page', { ...page(message({ id: 'm1' })), next: 'n1' })
  const older = live.older()
  tell({ type: 'welcome' })
  await vi.waitFor(() => expect(asked).toHaveLength(2))
  asked.pop()!.answer({ ...page(message({ id: 'm99', at: '2026-11-21T12:00:00Z' })), next: 'n9' })
  await new Promise((done) => setTimeout(done))
  await answer('before n1', page(message({ id: 'm0' })))
  await older
  expect([live.items.map((i) => i.id), live.more, live.loadingOlder]).toEqual([['m99'], true, false])
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
