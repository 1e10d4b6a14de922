import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ApiError } from '../../lib/api'
import type { Row } from '../conversation/types'

/** Questions to the server, answered when the test likes. */
const { asked, heard, ask } = vi.hoisted(() => {
  const asked: { what: string; answer(value: unknown): void; fail(error: unknown): void }[] = []
  return { asked, heard: new Set<(frame: never) => void>(), ask: (what: string) => new Promise((answer, fail) => asked.push({ what, answer, fail })) }
})
vi.mock('../../lib/connection.svelte', () => ({ connection: { client: { on: (what: string, fn: (frame: never) => void) => (what === 'frame' ? (heard.add(fn), () => heard.delete(fn)) : () => {}) } } }))
vi.mock('../../lib/session.svelte', () => ({ session: { me: { id: 'me', name: 'Me' } }, api: { get: () => ask('list') } }))
vi.mock('../conversation/api', () => ({ conversations: { act: (action: string) => ask(action) } }))
const { ConversationList } = await import('./list.svelte')
const { none } = await import('./view')

const row = (id: string, archived: boolean) => ({ person: { id, name: id, given_name: id, family_name: id }, unread: false, processed: 'none', archived, groups: [], last: { id: 'm' + id, type: 'message', direction: 'in', at: '2026-11-21T09:00:00Z', line: 'x', from: id } }) as unknown as Row
const ids = () => list.rows.map((r) => r.id).join('')
const settle = () => vi.advanceTimersByTimeAsync(0)
async function answer(what: string, value: unknown) {
  expect(asked.map((a) => a.what)).toContain(what)
  asked.splice(asked.findIndex((a) => a.what === what), 1)[0]!.answer(value)
  await settle()
}

let list: InstanceType<typeof ConversationList>
let stop: () => void
beforeEach(async () => {
  vi.useFakeTimers()
  list = new ConversationList()
  stop = list.start()
  list.ask({ ...none, folder: 'archived' })
  await answer('list', { conversations: [row('a', true), row('b', true)] })
})
afterEach(() => {
  stop()
  asked.length = 0
  vi.useRealTimers()
})

test('a page that was read before an act was done does not undo it', async () => {
  heard.forEach((fn) => fn({ type: 'conversations' } as never))
  await vi.advanceTimersByTimeAsync(2000)
  const done = list.act('unarchive', ['a'])
  expect(ids()).toBe('b')
  await answer('list', { conversations: [row('a', true), row('b', true)] })
  await vi.advanceTimersByTimeAsync(5000)
  expect([ids(), asked.map((a) => a.what)]).toEqual(['b', ['unarchive']])
  await answer('unarchive', { changed: 1 })
  await done
  // It is read anew, once the server has done it.
  await vi.advanceTimersByTimeAsync(2000)
  await answer('list', { conversations: [row('b', true)] })
  expect([ids(), asked]).toEqual(['b', []])
})

test('what the server refuses is there again', async () => {
  const refused = expect(list.act('unarchive', ['a'])).rejects.toThrow('no')
  expect(ids()).toBe('b')
  asked.splice(0, 1)[0]!.fail(new Error('no'))
  await settle()
  await answer('list', { conversations: [row('a', true), row('b', true)] })
  await refused
  expect(ids()).toBe('ab')
})

test('a page that the server refuses by its place, as after a change of language, begins the list anew', async () => {
  list.ask({ ...none, folder: 'all' })
  await answer('list', { conversations: [row('a', false)], next: 'n' })
  void list.next()
  asked.splice(0, 1)[0]!.fail(new ApiError({ code: 'invalid', message: 'another order', status: 422, field: 'after' }))
  await settle()
  await answer('list', { conversations: [row('b', false)] })
  expect([ids(), list.stale]).toEqual(['b', false])
})
