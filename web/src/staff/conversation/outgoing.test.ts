import { describe, expect, test } from 'vitest'
import { ApiError } from '../../lib/api'
import { failed, Outbox, type Outgoing } from './outgoing.svelte'

function storage(): Storage {
  const kept = new Map<string, string>()
  return { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k), clear: () => kept.clear(), key: () => null, get length() { return kept.size } }
}

const one = (key: string, body: string, change: Partial<Outgoing> = {}): Outgoing => ({ key, kind: 'message', message: { body }, attachments: [], at: '2026-11-21T09:00:00Z', state: { name: 'sending' }, ...change })

test.each([
  [new ApiError({ code: 'network', message: '', outcome: 'unknown' }), { name: 'failed', why: 'unknown' }],
  [new ApiError({ code: 'unavailable', message: '' }), { name: 'failed', why: 'busy' }],
  [new ApiError({ code: 'rate_limited', message: '' }), { name: 'failed', why: 'busy' }],
  [new ApiError({ code: 'conflict', field: 'assigned', message: '' }), { name: 'refused', conflict: 'assigned' }],
  [new ApiError({ code: 'conflict', field: 'seen', message: '' }), { name: 'refused', conflict: 'seen' }],
  [new ApiError({ code: 'conflict', field: 'person', message: '' }), { name: 'refused', conflict: 'person' }],
  [new ApiError({ code: 'conflict', field: 'key', message: '' }), { name: 'refused', conflict: undefined }],
  [new ApiError({ code: 'invalid', field: 'assigned', message: '' }), { name: 'refused', conflict: undefined }],
])('%o', (error, want) => expect(failed(error)).toEqual({ ...want, error }))

describe('the outbox', () => {
  test('keeps what is on its way over a reload, as not confirmed, under its own key', () => {
    const store = storage()
    const before = new Outbox('sara', store)
    before.put(one('k1', 'Hello'))
    before.put(one('k2', 'Again', { state: { name: 'failed', why: 'busy', error: undefined } }))
    const after = new Outbox('sara', store)
    expect(after.list.map((o) => [o.key, o.message.body, o.state.name])).toEqual([
      ['k1', 'Hello', 'failed'],
      ['k2', 'Again', 'failed'],
    ])
    expect(after.list[0]!.state).toMatchObject({ why: 'unknown' })
    expect(new Outbox('ben', store).list).toEqual([])
  })
  test('a change of one stays in its place; the last one gone leaves nothing behind', () => {
    const store = storage()
    const box = new Outbox('sara', store)
    box.put(one('k1', 'a'))
    box.put(one('k2', 'b'))
    box.put(one('k1', 'a', { state: { name: 'failed', why: 'busy', error: undefined } }))
    expect(box.list.map((o) => o.key + o.state.name)).toEqual(['k1failed', 'k2sending'])
    box.drop('k1')
    box.drop('k2')
    expect(store.length).toBe(0)
  })
  test('what comes back in a frame goes, once, and only what may have arrived', () => {
    const box = new Outbox('sara', storage())
    box.put(one('k1', 'same'))
    box.put(one('k2', 'same'))
    box.put(one('k3', 'refused', { state: { name: 'refused', error: undefined } }))
    box.put(one('k4', 'busy', { state: { name: 'failed', why: 'busy', error: undefined } }))
    for (const body of ['same', 'refused', 'busy', 'other']) box.landed(body, '2026-11-21T09:00:01Z')
    expect(box.list.map((o) => o.key)).toEqual(['k2', 'k3', 'k4'])
  })
  test('of two with the same words the one on its way goes; one whose answer was lost only within its minute', () => {
    const box = new Outbox('sara', storage())
    box.put(one('lost', 'OK', { state: { name: 'failed', why: 'unknown', error: undefined } }))
    box.put(one('new', 'OK', { at: '2026-11-21T09:05:00Z' }))
    box.landed('OK', '2026-11-21T09:05:00Z')
    expect(box.list.map((o) => o.key)).toEqual(['lost'])
    box.landed('OK', '2026-11-21T09:05:00Z')
    expect(box.list.map((o) => o.key)).toEqual(['lost'])
    box.landed('OK', '2026-11-21T09:00:03Z')
    expect(box.list).toEqual([])
  })
})
