import { expect, test } from 'vitest'
import type { InboxMessage } from '../lib/types'
import { held, maxOfTest, waits } from './opening'

const exam = { id: 'exam', kind: 'test' as const, name: 'Mathematics' }
const pool = { id: 'pool', kind: 'pool' as const, name: 'Crew' }

function message(id: string, more: Partial<InboxMessage> = {}): InboxMessage {
  return { id, group: exam, room: '', subject: '', body: id, level: 'popup', from: { name: 'Anna', role: 'planner' }, at: '2026-05-04T09:00:00Z', reminder: false, state: 'delivered', mine: false, ...more }
}
const many = (n: number, more: Partial<InboxMessage> = {}) => Array.from({ length: n }, (_, i) => message(`${more.group?.id ?? 'exam'}-${n - i}`, more))
const ids = (list: readonly InboxMessage[]) => list.map((one) => one.id)
const running = new Set(['exam'])
const none = new Set<string>()

test('in a running test only its own messages open, and alarms; before it is known nothing from outside tests', () => {
  const own = message('own')
  const reply = message('reply', { level: 'chat' })
  const chat = message('chat', { group: pool, level: 'chat' })
  const bulk = message('bulk', { group: pool })
  const other = message('other', { group: { ...exam, id: 'other' } })
  const alone = message('alone', { group: null, level: 'chat' })
  const alarm = message('alarm', { group: pool, level: 'alarm' })
  const all = [own, reply, chat, bulk, other, alone, alarm]
  expect(ids(all.filter((one) => held(one, running)))).toEqual(['chat', 'bulk', 'other', 'alone'])
  expect(all.filter((one) => held(one, none))).toEqual([])
  expect(ids(all.filter((one) => held(one, undefined)))).toEqual(['chat', 'bulk', 'alone'])
  // What is held does not count among those that come together.
  expect(waits(many(22, { group: pool }), running, true)).toEqual([])
})

test('who comes back to a running test meets what was sent meanwhile; of very many the newest', () => {
  expect(waits(many(maxOfTest), running, true)).toEqual([])
  expect(ids(waits(many(maxOfTest + 2), running, true))).toEqual(['exam-2', 'exam-1'])
  const urgent = [...many(maxOfTest + 1), message('urgent', { level: 'must_acknowledge' })]
  expect(ids(waits(urgent, running, true))).toEqual(['exam-2', 'exam-1'])
})

test('who comes back outside a test meets one message: the newest that matters', () => {
  const opens = (list: InboxMessage[], missed = true) => {
    const left = waits(list, none, missed)
    return ids(list.filter((one) => !left.includes(one)))
  }
  expect(opens([message('one', { group: pool, level: 'chat' })])).toEqual(['one']) // alone
  expect(opens(many(22))).toEqual(['exam-22'])
  expect(opens([message('chat', { group: pool, level: 'chat' }), message('test'), message('older')])).toEqual(['test'])
  expect(opens([message('test'), message('reminder', { reminder: true, group: pool }), message('older')])).toEqual(['reminder'])
  expect(opens([message('reminder', { reminder: true }), message('must', { level: 'must_acknowledge', group: pool })])).toEqual(['must'])
  expect(opens(many(22, { group: pool, level: 'chat' }))).toEqual([])
  // What comes while one is here opens; of a flood, one.
  expect(opens(many(3, { group: pool }), false)).toHaveLength(3)
  expect(opens(many(4, { group: pool }), false)).toEqual([])
})
