import { describe, expect, test } from 'vitest'
import { arrive, raise, reread } from '../../src/candidate/merge'
import { byTest, firstLine, search } from '../../src/candidate/search'
import { fold, matches } from '../../src/lib/fold'
import type { InboxMessage } from '../../src/lib/types'

function message(id: string, more: Partial<InboxMessage> = {}): InboxMessage {
  return {
    id,
    group: { id: 'm', kind: 'test', name: 'Mathematics 1' },
    room: 'Hall A',
    subject: `Subject ${id}`,
    body: `Body ${id}`,
    level: 'popup',
    from: { name: 'Anna Lindqvist', role: 'invigilator' },
    at: '2026-11-21T09:00:00Z',
    reminder: false,
    state: 'queued',
    mine: false,
    ...more,
  }
}
const ids = (list: readonly InboxMessage[]) => list.map((one) => one.id).join('')

describe('the list is made of pages and frames', () => {
  test('a live message goes to the front, whatever its time says', () => {
    expect(ids(arrive([message('b'), message('a')], message('c', { at: '2020-01-01T00:00:00Z' })))).toBe('cba')
  })
  test('one that is there is not there twice, and its state never falls', () => {
    const list = arrive([message('a', { state: 'acknowledged' })], message('a', { state: 'delivered' }))
    expect(ids(list)).toBe('a')
    expect(list[0]!.state).toBe('acknowledged')
  })
  test('a read keeps what came live meanwhile, drops what is gone, and never lowers a state', () => {
    const list = [message('d'), message('b', { state: 'displayed' }), message('x')]
    const pages = [message('c'), message('b', { state: 'delivered' }), message('a', { state: 'acknowledged' })]
    const got = reread(list, pages, new Set(['d']))
    expect(ids(got)).toBe('dcba')
    expect(got.map((one) => one.state)).toEqual(['queued', 'queued', 'displayed', 'acknowledged'])
  })
  test('what came live and is in the pages too stands where the pages say', () => {
    expect(ids(reread([message('c'), message('b')], [message('c'), message('b'), message('a')], new Set(['b', 'c'])))).toBe('cba')
  })
  test('raising nothing changes nothing', () => {
    const list = [message('a', { state: 'displayed' })]
    expect(raise(list, 'a', 'delivered')).toBe(list)
    expect(raise(list, 'z', 'acknowledged')).toBe(list)
    expect(raise(list, 'a', 'acknowledged')[0]!.state).toBe('acknowledged')
    expect(list[0]!.state).toBe('displayed')
  })
})

describe('search', () => {
  test.each([
    ['', true],
    ['   ', true],
    ['quest', true],
    ['QUESTION 7', true],
    ['7b read', true],
    ['uestion', false],
    ['question 8', false],
    ['åse', true],
    ['ase', true],
    ['ostergaard', true],
    ['Østergaard', true],
  ])('“%s” → %s', (question, want) => {
    expect(matches(question, 'Question 7b: read ≤ instead of <', 'Åse Østergaard')).toBe(want)
  })
  test('folds marks, not meaning', () => {
    expect(fold('Ærø Łódź ßtraße')).toBe('aero lodz sstrasse')
    expect(fold('حدّاد')).toBe('حداد')
  })
  test('looks in subject, body, test, sender and room', () => {
    const list = [message('a', { subject: 'Calculators' }), message('b', { body: 'ten minutes' }), message('c', { room: 'Room 204' })]
    expect(ids(search(list, 'calc'))).toBe('a')
    expect(ids(search(list, 'minutes'))).toBe('b')
    expect(ids(search(list, '204'))).toBe('c')
    expect(ids(search(list, 'anna math'))).toBe('abc')
  })
})

test('groups by test: the newest message leads, order within is kept, unread are counted', () => {
  const other = { id: 's', kind: 'test', name: 'Statistics 2' } as const
  const groups = byTest([message('d', { group: other, state: 'acknowledged' }), message('c'), message('b', { group: other, state: 'displayed' }), message('a', { state: 'acknowledged' })])
  expect(groups.map((group) => [group.name, ids(group.messages), group.unread])).toEqual([
    ['Statistics 2', 'db', 1],
    ['Mathematics 1', 'ca', 1],
  ])
})

test('the first line of a body', () => {
  expect(firstLine('\n  One\nTwo')).toBe('One')
  expect(firstLine('')).toBe('')
})
