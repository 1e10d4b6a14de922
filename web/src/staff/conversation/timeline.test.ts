import { describe, expect, test } from 'vitest'
import { answerGroup, append, awaits, lines, prepend, receipt, replaceNewest } from './timeline'
import type { Item, MessageItem } from './types'

const at = (minute: number, dayOfMonth = 21) => new Date(Date.UTC(2026, 10, dayOfMonth, 9, minute)).toISOString()
const m = (id: string, minute: number, change: Partial<MessageItem> = {}): MessageItem => ({ type: 'message', id, direction: 'in', body: id, from: { id: 'p', name: 'Sara Amin', role: 'candidate' }, at: at(minute), ...change })
const ours = (id: string, minute: number, change: Partial<MessageItem> = {}) => m(id, minute, { direction: 'out', from: { id: 'a', name: 'Anna Lind', role: 'coordinator' }, state: 'queued', ...change })
const ids = (items: readonly Item[]) => items.map((i) => i.id).join('')

describe('merging', () => {
  test('an older page comes newest first and stands before what we have; what we have is not doubled', () => {
    expect(ids(prepend([m('c', 3), m('d', 4)], [m('c', 3), m('b', 2), m('a', 1)]))).toBe('abcd')
  })
  test('a newer item goes to the end; one we have is replaced in its place', () => {
    const items = append([m('a', 1), m('b', 2)], [m('b', 2, { body: 'changed' }), m('c', 3)])
    expect(ids(items)).toBe('abc')
    expect((items[1] as MessageItem).body).toBe('changed')
  })
  test('our own answer overtook a colleague’s frame: the frame takes its place before it', () => {
    expect(ids(append([m('a', 1), ours('c', 3)], [m('b', 2)]))).toBe('abc')
  })
  test('the same frame twice is one item', () => {
    expect(ids(append(append([], [m('a', 1)]), [m('a', 1)]))).toBe('a')
  })
  test('two items of one moment keep the order they came in', () => {
    expect(ids(append([m('a', 1)], [m('b', 1), m('c', 1)]))).toBe('abc')
  })
  test('the newest page again: receipts change, older items stay', () => {
    const { items, gap } = replaceNewest([m('a', 1), ours('b', 2), m('c', 3)], [m('d', 4), m('c', 3), ours('b', 2, { state: 'displayed' })])
    expect(gap).toBe(false)
    expect(ids(items)).toBe('abcd')
    expect(receipt(items[1] as MessageItem)).toBe('seen')
  })
  test('a newest page that does not join on says so', () => {
    expect(replaceNewest([m('a', 1)], [m('z', 30), m('y', 29)])).toMatchObject({ gap: true })
    expect(replaceNewest([], [m('a', 1)])).toMatchObject({ gap: false })
  })
  test('what came while the newest page was read stays behind it, also where the page does not join on', () => {
    const one = replaceNewest([m('a', 1), m('b', 2), ours('new', 5)], [m('b', 2), m('a', 1)])
    expect([ids(one.items), one.gap]).toEqual(['abnew', false])
    const first = replaceNewest([m('new', 5)], [m('b', 2), m('a', 1)])
    expect([ids(first.items), first.gap]).toEqual(['abnew', false])
    const far = replaceNewest([m('a', 1), m('new', 31)], [m('z', 30), m('y', 29)])
    expect([ids(far.items), far.gap]).toEqual(['yznew', true])
    expect(ids(replaceNewest([m('new', 5)], []).items)).toBe('new')
  })
})

describe('lines', () => {
  const dayOf = (s: string) => s.slice(0, 10)
  test('a line before each day', () => {
    expect(lines([m('a', 1), m('b', 2, { at: at(2, 22) })], dayOf).map((l) => l.kind)).toEqual(['day', 'item', 'day', 'item'])
  })
  test('messages of one hand within five minutes stand together: the first is named, the last is timed', () => {
    const marks = lines([m('a', 1), m('b', 2), m('c', 20), ours('d', 21)], dayOf).flatMap((l) => (l.kind === 'item' ? [`${l.id}${l.first ? 'F' : ''}${l.last ? 'L' : ''}`] : []))
    expect(marks).toEqual(['aF', 'bL', 'cFL', 'dFL'])
  })
  test('a note, another receipt or a subject parts them', () => {
    const note: Item = { type: 'note', id: 'n', body: '', from: { name: 'x', role: '' }, at: at(2), mentions: [] }
    expect(lines([m('a', 1), note, m('b', 2)], dayOf).every((l) => l.kind === 'day' || (l.first && l.last))).toBe(true)
    expect(lines([ours('a', 1, { state: 'displayed' }), ours('b', 1)], dayOf).every((l) => l.kind === 'day' || l.last)).toBe(true)
    expect(lines([ours('a', 1), ours('b', 1, { subject: 's' })], dayOf).every((l) => l.kind === 'day' || l.first)).toBe(true)
  })
})

test('receipts in words', () => {
  expect(receipt(m('a', 1))).toBeUndefined()
  expect(receipt(ours('a', 1))).toBe('sent')
  expect(receipt(ours('a', 1, { state: 'delivered' }))).toBe('delivered')
  expect(receipt(ours('a', 1, { state: 'queued', times: { displayed_at: at(2) } }))).toBe('seen')
  expect(receipt(ours('a', 1, { state: 'acknowledged' }))).toBe('seen')
  expect(awaits([ours('a', 1, { state: 'delivered' })])).toBe(true)
  expect(awaits([ours('a', 1, { state: 'displayed' }), m('b', 2)])).toBe(false)
  const stopped = { code: 'left', text: 'has left the group' }
  expect(receipt(ours('a', 1, { state: 'queued', stopped }))).toBe('stopped')
  expect(receipt(ours('a', 1, { state: 'delivered', stopped }))).toBe('delivered')
  expect(awaits([ours('a', 1, { state: 'queued', stopped })])).toBe(false)
})

test('an answer belongs to the group of the latest message, while the person is in it', () => {
  const pool = { id: 'p', kind: 'pool' as const, name: 'Pool', state: 'member' }
  const shift = { id: 's', kind: 'activity' as const, name: 'Shift', state: 'assigned' }
  expect(answerGroup([m('a', 1, { group: pool }), m('b', 2, { group: shift })], [pool, shift])).toBe('s')
  expect(answerGroup([m('b', 2, { group: shift })], [pool, { ...shift, state: 'left' }])).toBeUndefined()
  expect(answerGroup([], [pool])).toBe('p')
  expect(answerGroup([m('a', 1)], [pool, shift])).toBeUndefined()
})
