import { beforeEach, expect, test, vi } from 'vitest'
import { stubStorage } from '../../../test/unit/kept'
import type { LiveConversation } from './conversation.svelte'
import { session } from '../../lib/session.svelte'
import type { Me } from '../../lib/types'
import type { Outgoing } from './outgoing.svelte'

const { going, toasts } = vi.hoisted(() => ({ going: [] as { there(file: unknown): void; fail(error: unknown): void }[], toasts: [] as string[] }))
vi.mock('../../lib/connection.svelte', () => ({ connection: { client: { typing() {} } } }))
vi.mock('../../ui', () => ({ toasts: { show: (words: string) => toasts.push(words) } }))
vi.mock('../deliveries/available.svelte', () => ({ available: { list: ['email', 'sms'] } }))
vi.mock('../../files/transfer', () => ({ discard() {}, upload: () => ({ done: new Promise((there, fail) => going.push({ there, fail })), abort() {} }) }))
const { writingIn } = await import('./writing.svelte')

type Gone = { kind: string; body: string; seen?: string; group?: string; channels?: string[]; attachments?: string[] }
let gone: Gone[]
let nth = 0

/** A conversation on the page; `items` is what stands in it. */
function conversation(person: string) {
  return {
    person,
    row: { person: { name: 'Sara' }, groups: [{ id: 'g1' }, { id: 'g2' }] },
    items: [{ type: 'message', id: 'q1', group: { id: 'g1' } }],
    outbox: { drop() {} },
    send: (kind: string, message: object) => gone.push({ kind, ...message } as Gone),
  } as unknown as LiveConversation & { items: object[] }
}
const open = (live: LiveConversation) => writingIn(live, () => false)
const settle = () => new Promise((done) => setTimeout(done))
async function there() {
  going.shift()!.there({ id: 'f1', name: 'plan.txt', size: 3 })
  await settle()
}
const outgoing = (kind: Outgoing['kind'], body: string) => ({ key: 'k', kind, message: { body }, attachments: [] }) as unknown as Outgoing

let live: ReturnType<typeof conversation>
let writing: ReturnType<typeof open>
beforeEach(() => {
  stubStorage()
  gone = []
  going.length = toasts.length = 0
  live = conversation(`p${++nth}`)
  writing = open(live)
  writing.wrote('Here it is')
  writing.attach([new File(['abc'], 'plan.txt')], false)
})

test('goes when its file is there, once', async () => {
  expect(writing.submit(live)).toBeUndefined()
  writing.submit(live)
  expect([writing.waits, gone]).toEqual([true, []])
  await there()
  expect(gone).toMatchObject([{ kind: 'message', body: 'Here it is', attachments: ['f1'] }])
  expect([writing.waits, writing.draft.body]).toEqual([false, ''])
})

test('goes as one saw it when one sent it: group, copies, and the last that was seen', async () => {
  writing.change({ channels: ['email'] })
  writing.submit(live)
  live.items.push({ type: 'message', id: 'q2', group: { id: 'g2' } })
  await there()
  expect(gone).toMatchObject([{ seen: 'q1', group: 'g1', channels: ['email'] }])
})

test.each([
  ['another word', () => writing.wrote('Here it is, I think')],
  ['another subject', () => writing.change({ subject: 'Plan' })],
  ['another group', () => writing.change({ group: 'g2' })],
  ['other copies', () => writing.change({ channels: ['sms'] })],
  ['a note instead', () => writing.setNoting(true)],
  ['one more file', () => writing.attach([new File(['x'], 'more.txt')], false)],
  ['the file taken out', () => writing.uploads.remove(writing.uploads.list[0]!.key)],
  ['a note that failed, to be edited', () => writing.restore(outgoing('note', 'secret'), live)],
  ['a message that was refused, to be edited', () => writing.restore(outgoing('message', 'old one'), live)],
])('%s: nothing goes by itself', async (_, change) => {
  writing.submit(live)
  change()
  await there()
  expect([gone, writing.waits]).toEqual([[], false])
})

test('a file that could not be attached keeps it, and says so', async () => {
  writing.submit(live)
  going[0]!.fail(new Error('away'))
  await settle()
  expect([gone, writing.waits, writing.words]).toEqual([[], false, 'A file could not be attached: remove it or try again'])
})

test('left meanwhile it still goes', async () => {
  writing.submit(live)
  writing.leave(live)
  await there()
  expect(gone).toHaveLength(1)
  expect(open(conversation(live.person)).draft.body).toBe('')
})

test('left and come back to, it goes where one is now', async () => {
  writing.submit(live)
  writing.leave(live)
  const back = conversation(live.person)
  live.send = () => { throw new Error('nobody sees this one any more') }
  open(back)
  await there()
  expect(gone).toMatchObject([{ body: 'Here it is', seen: 'q1' }])
})

test('left and come back to, its file is still on its way, and nothing of before undoes what is written now', async () => {
  writing.leave(live)
  const back = conversation(live.person)
  const again = open(back)
  expect(again.uploads.count('uploading')).toBe(1)
  again.wrote('Here it is now')
  await there()
  again.submit(back)
  expect(gone).toMatchObject([{ body: 'Here it is now', attachments: ['f1'] }])
  again.leave(back)
  await settle()
  expect(open(conversation(live.person)).draft.body).toBe('')
})

test('left, and the file fails: it is said, and the text is kept', async () => {
  writing.submit(live)
  writing.leave(live)
  going[0]!.fail(new Error('away'))
  await settle()
  expect(gone).toEqual([])
  expect(toasts).toEqual(['Not sent to Sara: a file could not be attached. The text is kept.'])
  expect(open(conversation(live.person)).draft.body).toBe('Here it is')
})

test('two composers for one person show the same; what is sent is sent by the one where it was said', async () => {
  const other = conversation(live.person)
  other.items.push({ type: 'message', id: 'q9', group: { id: 'g2' } })
  const beside = open(other)
  beside.wrote('Here it is, beside')
  expect(writing.draft.body).toBe('Here it is, beside')
  await there()
  writing.submit(live)
  expect(gone).toMatchObject([{ seen: 'q1', body: 'Here it is, beside', attachments: ['f1'] }])
  expect([beside.draft.body, beside.uploads.list]).toEqual(['', []])

  // One goes, the other stays what it was.
  writing.wrote('Next')
  beside.leave(other)
  await settle()
  expect(open(conversation(live.person)).draft.body).toBe('Next')
  expect(writing.live).not.toBe(other)
})

test('left by all of them it is forgotten: what another page has written since is found', async () => {
  await there()
  writing.leave(live)
  await settle()
  const again = open(conversation(live.person))
  expect(again).not.toBe(writing)
  expect(again.draft.files).toHaveLength(1)
})

test('copies: as the organisation says until somebody chooses in this conversation; to none is a choice too', () => {
  session.me = { organisation: { default_channels: ['email'] } } as unknown as Me
  const row = live.row as { channels?: string[] | null }
  writing.uploads.clear()
  row.channels = null
  expect(writing.channels).toEqual(['email'])
  row.channels = []
  expect(writing.channels).toEqual([])
  row.channels = ['sms']
  expect(writing.channels).toEqual(['sms'])
  row.channels = null
  writing.change({ channels: [] })
  writing.submit(live)
  expect(gone).toMatchObject([{ channels: [] }])
  session.me = undefined
})
