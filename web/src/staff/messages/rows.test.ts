import { describe, expect, it } from 'vitest'
import type { ConversationFrame } from '../../protocol/frames'
import { append, belongs, comparer, differing, type Line, merge, patched, place } from './rows'
import { none, type Sort, type View } from './view'

const at = (minute: number) => `2026-11-21T09:${String(minute).padStart(2, '0')}:00Z`

function row(id: string, minute: number, change: Partial<Line> = {}): Line {
  return {
    id,
    person: { id, name: id, given_name: id, family_name: id, external_id: id, presence: 'offline', state: 'active' },
    last: { id: 'm' + id, type: 'message', direction: 'in', at: at(minute), line: 'x', from: id },
    last_received_at: at(minute),
    unread: false,
    processed: 'none',
    archived: false,
    groups: [],
    ...change,
  }
}

const ids = (rows: readonly { id: string }[]) => rows.map((r) => r.id).join('')
const frame = (person: string, change: Partial<ConversationFrame> = {}): ConversationFrame => ({
  type: 'conversation',
  conversation: person,
  name: person,
  item: { type: 'message', id: 'new', direction: 'in', body: ' Hello\n there ', from: { name: 'Sara', role: 'candidate' }, at: at(50) },
  state: { processed: 'open', archived: false },
  ...change,
})
const out = (body: string): ConversationFrame['item'] => ({ type: 'message', id: 'out', direction: 'out', body, from: { name: 'Anna', role: 'coordinator' }, at: at(55) })

describe('a frame changes a row', () => {
  it('a reply: last line, unread, waiting since then, not processed', () => {
    const next = patched(row('a', 1, { processed: 'processed', processed_by: 'Anna', processed_at: at(2) }), frame('a'), none)
    expect(next).toMatchObject({ unread: true, processed: 'open', waiting_since: at(50), last_received_at: at(50), last: { id: 'new', direction: 'in', line: 'Hello there', from: 'Sara' } })
    expect(next.processed_by).toBeUndefined()
  })
  it('a second one waits since the first', () => {
    expect(patched(row('a', 1, { processed: 'open', waiting_since: at(3) }), frame('a'), none).waiting_since).toBe(at(3))
  })
  it('an answer of ours: nobody waits, nothing unread', () => {
    const next = patched(row('a', 1, { waiting_since: at(1), processed: 'open' }), frame('a', { item: out('Yes') }), none)
    expect(next).toMatchObject({ unread: false, last_sent_at: at(55), last: { direction: 'out', line: 'Yes' } })
    expect(next.waiting_since).toBeUndefined()
  })
  it('a note changes no line', () => {
    const before = row('a', 1)
    const next = patched(before, frame('a', { item: { type: 'note', id: 'n', body: 'secret', from: { name: 'Anna', role: 'coordinator' }, at: at(50), mentions: [] } }), none)
    expect(next.last).toEqual(before.last)
    expect(next.unread).toBe(false)
  })
  it('in the list of what was written in one group, what belongs to another changes the team’s state only', () => {
    const view: View = { ...none, group: 'g1', written: true }
    const next = patched(row('a', 1), frame('a', { item: { ...frame('a').item, group: { id: 'g2', kind: 'pool', name: 'x' } } as ConversationFrame['item'] }), view)
    expect(next.last?.id).toBe('ma')
    expect(next.processed).toBe('open')
  })
  it('in the list of what was written in pools, what belongs to a job changes the team’s state only', () => {
    const item = (kind: 'job' | 'pool') => ({ ...frame('a').item, group: { id: 'g', kind, name: 'x' } }) as ConversationFrame['item']
    expect(patched(row('a', 1), frame('a', { item: item('job') }), { ...none, kind: 'pool', written: true }).last?.id).toBe('ma')
    expect(patched(row('a', 1), frame('a', { item: item('pool') }), { ...none, kind: 'pool', written: true }).last?.id).toBe('new')
    // Of the people in pools all counts.
    expect(patched(row('a', 1), frame('a', { item: item('job') }), { ...none, kind: 'pool' }).last?.id).toBe('new')
  })
  it('the same frame twice is one', () => {
    const once = patched(row('a', 1), frame('a'), none)
    expect(patched({ ...once, unread: false }, frame('a'), none).unread).toBe(false)
  })
  it('without a state the team’s stays', () => {
    expect(patched(row('a', 1, { processed: 'processed', assigned: { id: 's', name: 'S', at: at(1) } }), frame('a', { state: undefined }), none)).toMatchObject({ processed: 'processed', assigned: { id: 's' } })
  })
  it('a message ends a snooze, and is due by the group’s reply time; an answer takes that back', () => {
    const had = row('a', 1, { snoozed: { until: at(90), by: 'S' }, groups: [{ id: 'g', kind: 'pool', name: 'P', reply_minutes: 30 }] })
    const item = { ...frame('a').item, group: { id: 'g', kind: 'pool', name: 'P' } } as ConversationFrame['item']
    const next = patched(had, frame('a', { item }), none)
    expect(next.snoozed).toBeUndefined()
    expect(Date.parse(next.reply_due!) - Date.parse(item.at)).toBe(30 * 60_000)
    expect(patched(next, frame('a', { item: { ...out('yes'), id: 'later', at: at(99) } as ConversationFrame['item'] }), none).reply_due).toBeUndefined()
  })
  it('a file without words is named', () => {
    const item = { ...out(''), attachments: [{ id: 'f', name: 'plan.pdf', type: 'application/pdf', size: 1, picture: false }] } as ConversationFrame['item']
    expect(patched(row('a', 1), frame('a', { item }), none).last?.line).toBe('plan.pdf')
  })
})

describe('the place of a changed row', () => {
  const rows = [row('c', 30), row('b', 20), row('a', 10)]
  it('moves to the top, and only it', () => expect(ids(place(rows, patched(rows[2]!, frame('a'), none), none, 'me', false))).toBe('acb'))
  it('stays where its key is the same', () => expect(ids(place(rows, { ...rows[1]!, unread: true }, none, 'me', false))).toBe('cba'))
  it('a new one comes in', () => expect(ids(place(rows, row('d', 25), none, 'me', false))).toBe('cdba'))
  it('behind what is loaded it is not shown', () => {
    expect(ids(place(rows, row('d', 5), none, 'me', true))).toBe('cba')
    expect(ids(place(rows, row('d', 5), none, 'me', false))).toBe('cbad')
    expect(ids(place([row('a', 1), row('b', 2)], row('a', 50), { ...none, sort: 'oldest' }, 'me', true))).toBe('b')
  })
  it('leaves the list it no longer belongs to', () => {
    expect(ids(place(rows, { ...rows[0]!, archived: true }, none, 'me', false))).toBe('ba')
    expect(place(rows, row('z', 1, { archived: true }), none, 'me', false)).toBe(rows)
  })
})

describe('who belongs', () => {
  const table: [string, Partial<View>, Partial<Line>, boolean][] = [
    ['archived is in no folder but its own', {}, { archived: true }, false],
    ['nor anything else in the archive', { folder: 'archived' }, {}, false],
    ['the archive', { folder: 'archived' }, { archived: true }, true],
    ['snoozed is in no folder but its own', {}, { snoozed: { until: at(90), by: 'S' } }, false],
    ['nor anything else among the snoozed', { folder: 'snoozed' }, {}, false],
    ['the snoozed', { folder: 'snoozed' }, { snoozed: { until: at(90), by: 'S' } }, true],
    ['answered is not overdue', { overdue: true }, {}, false],
    ['unread', { folder: 'unread' }, { unread: true }, true],
    ['read', { folder: 'unread' }, {}, false],
    ['read just now, still open', { folder: 'unread', open: 'a' }, {}, true],
    ['never written', { folder: 'received' }, { last_received_at: undefined }, false],
    ['never written to', { folder: 'sent' }, {}, false],
    ['written to', { folder: 'sent' }, { last_sent_at: at(1) }, true],
    ['nothing to process is not “not processed”', { processed: 'no' }, {}, false],
    ['open', { processed: 'no' }, { processed: 'open' }, true],
    ['processed', { processed: 'yes' }, { processed: 'processed' }, true],
    ['mine', { assigned: 'me' }, { assigned: { id: 'me', name: 'Me', at: at(1) } }, true],
    ['another’s', { assigned: 'me' }, { assigned: { id: 'you', name: 'You', at: at(1) } }, false],
    ['nobody’s', { assigned: 'none' }, {}, true],
    ['a colleague’s', { assigned: 'you' }, { assigned: { id: 'you', name: 'You', at: at(1) } }, true],
  ]
  it.each(table)('%s', (_, view, line, want) => expect(belongs(row('a', 1, line), { ...none, ...view }, 'me')).toBe(want))
})

describe('orders', () => {
  const a = row('a', 10, { waiting_since: at(5), last_sent_at: at(1), person: { ...row('a', 1).person, family_name: 'Ås' } })
  const b = row('b', 20, { processed: 'open', last_received_at: at(2), person: { ...row('b', 1).person, family_name: 'Berg' } })
  const c = row('c', 30, { waiting_since: at(1), last_sent_at: at(9), person: { ...row('c', 1).person, family_name: 'Aas' } })
  it.each<[Sort, string]>([
    ['newest', 'cba'],
    ['oldest', 'abc'],
    ['last_received', 'cab'],
    ['last_sent', 'cab'],
    ['unprocessed', 'bca'],
    ['waiting', 'cab'],
  ])('%s', (sort, want) => expect(ids([a, b, c].sort(comparer(sort)))).toBe(want))
  it('two that wait for nothing keep their order', () => expect(comparer('waiting')(row('x', 1), row('y', 1))).toBe(0))
})

describe('pages', () => {
  const loaded = ['a', 'b', 'c', 'd', 'e'].map((id, i) => row(id, 50 - i))
  it('a first page read anew comes over what was loaded', () => {
    const { rows, tail } = merge(loaded, [row('n', 59), row('a', 58)], true)
    expect([ids(rows), tail]).toEqual(['nacde', true])
  })
  it('the whole list in one page is the list', () => expect(merge(loaded, [row('a', 1)], false)).toMatchObject({ rows: [{ id: 'a' }], tail: false }))
  it('a row that moved is shown once', () => expect(ids(append(loaded, [row('c', 1), row('f', 1)]))).toBe('abcdef'))
})

describe('how much waits to change place', () => {
  const list = (s: string) => [...s].map((id) => ({ id }))
  it.each([
    ['abcd', 'abcd', 0],
    ['abcd', 'dabc', 1],
    ['abcd', 'xabcd', 1],
    ['abcd', 'bcd', 1],
    ['abcd', 'dcba', 3],
    ['abcd', 'xdab', 3],
    ['', 'ab', 2],
  ])('%s → %s: %i', (shown, wanted, want) => expect(differing(list(shown), list(wanted))).toBe(want))
})
