import { expect, test } from 'vitest'
import { answers, isTalk, rowFor, rows, thread } from '../../src/candidate/talk'
import type { InboxMessage } from '../../src/lib/types'

const pool = { id: 'p', kind: 'pool' as const, name: 'Crew' }
const exam = { id: 't', kind: 'test' as const, name: 'Mathematics' }

function message(id: string, more: Partial<InboxMessage> = {}): InboxMessage {
  const state = more.mine ? 'acknowledged' : 'queued'
  return { id, group: pool, room: '', subject: '', body: id, level: 'popup', from: { name: 'Anna', role: 'coordinator' }, at: '2026-05-04T09:00:00Z', reminder: false, state, mine: false, ...more }
}

/** Newest first, as the message centre keeps them. */
const list = [
  message('chat-3', { level: 'chat' }),
  message('exam-2', { group: exam }),
  message('mine-2', { mine: true }),
  message('notice-2'),
  message('chat-1', { level: 'chat', state: 'acknowledged' }),
  message('notice-1', { state: 'acknowledged' }),
  message('exam-mine', { group: exam, mine: true }),
  message('exam-1', { group: exam }),
  message('alone', { group: null, level: 'chat' }),
]

test('a conversation is one row where its newest message stands; notices are rows of their own', () => {
  const of = rows(list.filter((m) => m.group?.id === 'p'))
  expect(of.map((row) => [row.message.id, row.talk, row.count, row.unread])).toEqual([
    ['chat-3', true, 3, true],
    ['notice-2', false, 1, true],
    ['notice-1', false, 1, false],
  ])
  expect(rows([message('m', { mine: true }), message('c', { level: 'chat' })])[0]).toMatchObject({ count: 2, unread: true })
  expect(rows([])).toEqual([])
})

test.each([
  ['chat-1', ['chat-1', 'mine-2', 'chat-3'], 'chat-3'],
  ['mine-2', ['chat-1', 'mine-2', 'chat-3'], 'chat-3'],
  ['notice-2', ['mine-2', 'chat-3'], 'chat-3'],
  ['notice-1', ['chat-1', 'mine-2', 'chat-3'], 'chat-3'],
  ['exam-1', ['exam-mine'], 'exam-1'],
  ['exam-2', [], 'exam-2'],
  ['exam-mine', ['exam-mine'], undefined],
  ['alone', ['alone'], 'alone'],
])('with %s open stands %j, and a reply answers %s', (open, shown, answered) => {
  const message = list.find((m) => m.id === open)!
  expect(thread(list, message).map((m) => m.id)).toEqual(shown)
  expect(answers(list, message)?.id).toBe(answered)
})

test('the row of a message', () => {
  expect(rowFor(list, 'chat-1')).toBe('chat-3')
  expect(rowFor(list, 'notice-1')).toBe('notice-1')
  expect(rowFor(list, 'alone')).toBe('alone')
  expect(rowFor(list, 'gone')).toBe('gone')
  expect(rowFor(list, undefined)).toBeUndefined()
  expect(isTalk(list[1]!)).toBe(false)
})
