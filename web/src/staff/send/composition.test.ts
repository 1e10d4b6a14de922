import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { stubStorage } from '../../../test/unit/kept'
import { ApiError } from '../../lib/api'

type Asked = { path: string; body: Record<string, unknown>; answer(value: unknown): void; fail(error: unknown): void }
type Lifted = { name: string; done(file: unknown): void; fail(error: unknown): void }

const { asked, lifted } = vi.hoisted(() => ({ asked: [] as Asked[], lifted: [] as Lifted[] }))
vi.mock('../../lib/session.svelte', () => ({
  session: { me: undefined },
  api: { post: (path: string, body: Record<string, unknown>) => new Promise((answer, fail) => asked.push({ path, body, answer, fail })) },
}))
vi.mock('../../files/transfer', () => ({
  discard() {},
  upload: (_: string, _file: File, name: string) => ({ abort() {}, done: new Promise((done, fail) => lifted.push({ name, done, fail })) }),
}))
const { Composition } = await import('./composition.svelte')

let kept: Storage
const reach = (...ids: string[]) => ({
  recipients: ids.map((id) => ({ id, name: id, presence: 'online' as const })),
  counts: { total: ids.length, online: ids.length, away: 0, unresponsive: 0, unknown: 0, offline: 0 },
  left_out: [{ id: 'left', name: 'Left', reason: { code: 'locked', text: 'locked' } }],
  limit: 2,
  parts: Math.ceil(ids.length / 2),
  max_parts: 3,
})
const settle = () => new Promise((done) => setTimeout(done))
async function answer(path: string, value: unknown) {
  await vi.waitFor(() => expect(asked[0]?.path).toBe(path))
  asked.shift()!.answer(value)
  await settle()
}
let sent: [string, boolean][]
const write = (change: object = {}) =>
  new Composition({
    place: 'g',
    route: '/broadcasts',
    group: 'g',
    files: '/files',
    recipients: { filter: {} },
    named: (r) => r.recipients.map((one) => one.id),
    many: (total, limit) => `${total} of ${limit}`,
    sent: (b, mine) => sent.push([b.id, mine]),
    ...change,
  })
const text = (c: InstanceType<typeof Composition>) => c.write({ subject: ' S ', body: 'B' })
const stored = () => JSON.parse(kept.getItem('crier:me:draft.g') ?? 'null')

beforeEach(() => {
  sent = []
  kept = stubStorage().tab
})
afterEach(() => {
  vi.unstubAllGlobals()
  asked.length = lifted.length = 0
})

test('what is missing is said once it was tried; whoever was shown is who gets it', async () => {
  const c = write()
  expect(c.submit()).toBeUndefined() // nobody knows yet who gets it
  await answer('/broadcasts/preview', reach('a', 'b'))
  expect([c.at('subject'), c.fault]).toEqual([undefined, undefined])
  expect(c.submit()).toBe('subject')
  expect([c.at('subject'), c.at('body'), c.fault]).toEqual(['Write a subject', 'Write a message', 'Write a subject'])
  text(c)
  expect(c.submit()).toBeUndefined()
  expect(asked[0]!.body).toEqual({ key: c.draft.key, group: 'g', subject: 'S', body: 'B', recipients: { people: ['a', 'b'] } })
  expect([c.busy, c.locked]).toEqual([true, true])
  await answer('/broadcasts', { broadcast: { id: 'x' } })
  expect([sent, stored()]).toEqual([[['x', true]], null])
})

test('too many is said before it is tried', async () => {
  const c = write()
  await answer('/broadcasts/preview', reach('a', 'b', 'c'))
  text(c)
  expect([c.many, c.fault, c.submit()]).toEqual(['3 of 2', '3 of 2', 'recipients'])
  expect(asked).toEqual([])
})

test('a lost answer: only the same request again can tell, also after coming back', async () => {
  const c = write()
  await answer('/broadcasts/preview', reach('a'))
  text(c)
  c.submit()
  asked.shift()!.fail(new ApiError({ code: 'network', message: 'gone' }))
  await settle()
  c.stop()
  expect([c.uncertain, c.locked, stored().asked]).toEqual([true, true, ['a']])
  c.leave()

  const again = write()
  expect([again.uncertain, again.draft.subject]).toEqual([true, 'S'])
  expect(asked[0]!.body['recipients']).toEqual({ people: ['a'] }) // those it named, whatever the filter finds now
  await answer('/broadcasts/preview', reach('a'))
  again.submit()
  expect(asked[0]!.body).toMatchObject({ key: c.draft.key, recipients: { people: ['a'] } })
  await answer('/broadcasts', { broadcast: { id: 'x' } })
  expect(sent).toEqual([['x', true]])
})

test('refused: the text may change again; a key that stands for another text is given up', async () => {
  const c = write()
  await answer('/broadcasts/preview', reach('a'))
  text(c)
  const { key } = c.draft
  c.submit()
  asked.shift()!.fail(new ApiError({ code: 'invalid', message: 'no bells', field: 'body' }))
  await settle()
  expect([c.locked, c.at('body'), c.draft.key === key, stored().asked]).toEqual([false, 'no bells', true, undefined])
  c.submit()
  asked.shift()!.fail(new ApiError({ code: 'conflict', message: 'used', field: 'key' }))
  await settle()
  expect([c.locked, c.draft.key === key]).toEqual([false, false])
})

test.each([
  ['well', (one: Asked) => one.answer({ broadcast: { id: 'x' } }), [['x', false]]],
  ['refused', (one: Asked) => one.fail(new ApiError({ code: 'invalid', message: 'no' })), []],
])('what ends after it was left (%s) leaves what is written there by then', async (_, end, said) => {
  const c = write()
  await answer('/broadcasts/preview', reach('a'))
  text(c)
  c.submit()
  c.leave()
  const next = write()
  next.discard()
  next.write({ subject: 'Another' })
  end(asked.find((a) => a.path === '/broadcasts')!)
  await settle()
  expect(sent).toEqual(said)
  expect(stored().subject).toBe('Another')
})

test('what ends late does not say of its request, repeated since, that it was not sent', async () => {
  const c = write()
  await answer('/broadcasts/preview', reach('a'))
  text(c)
  c.submit()
  const first = asked.shift()!
  c.leave()
  const again = write()
  await answer('/broadcasts/preview', reach('a'))
  again.submit()
  asked.shift()!.fail(new ApiError({ code: 'network', message: 'gone' }))
  await settle()
  first.fail(new ApiError({ code: 'unavailable', message: 'busy' }))
  await settle()
  expect(stored().asked).toEqual(['a'])
  again.leave()
})

test('with a file on its way it goes when that is there, unless it is changed', async () => {
  const c = write()
  await answer('/broadcasts/preview', reach('a'))
  text(c)
  c.uploads.add([{ file: new File(['x'], 'a.pdf'), name: 'a.pdf' }])
  expect(c.submit()).toBe('files')
  expect([c.waits, c.fault]).toEqual([true, undefined])
  c.write({ body: 'B2' })
  expect(c.waits).toBe(false)
  c.submit()
  expect(asked).toEqual([])
  lifted[0]!.done({ id: 'f', name: 'a.pdf', type: 'application/pdf', size: 1, picture: false })
  await settle()
  expect(asked[0]!.body).toMatchObject({ body: 'B2', attachments: ['f'] })
})

test('a file that failed is named, and it does not go', async () => {
  const c = write()
  await answer('/broadcasts/preview', reach('a'))
  text(c)
  c.uploads.add([{ file: new File(['x'], 'a.pdf'), name: 'a.pdf' }])
  c.submit()
  lifted[0]!.fail(new ApiError({ code: 'invalid', message: 'no picture' }))
  await settle()
  expect([c.waits, c.submit()]).toEqual([false, 'files'])
  expect(c.fault).toBeTruthy()
  expect(asked).toEqual([])
})

test('an older list of who gets it does not replace a newer one', async () => {
  const c = write()
  c.choose(['email'])
  expect(asked.map((a) => a.body['channels'])).toEqual([undefined, ['email']])
  asked[1]!.answer(reach('new'))
  await settle()
  asked[0]!.answer(reach('old'))
  await settle()
  expect(c.reach?.recipients.map((r) => r.id)).toEqual(['new'])
})

test('copies that were ticked for some are not ticked for others, whose draft begins as the organisation says', async () => {
  const one = write({ copies: ['email'] })
  expect(one.draft.channels).toEqual(['email'])
  text(one)
  one.choose(['sms'])
  one.leave()
  expect(write({ copies: ['email'] }).draft.channels).toEqual(['sms'])
  const other = write({ copies: ['email'], recipients: { people: ['z'] } })
  expect([other.draft.subject, other.draft.channels]).toEqual([' S ', ['email']])
})

test('too many for one sending are sent to in parts once one says so, and every try asks for the same', async () => {
  const c = write()
  await answer('/broadcasts/preview', reach('a', 'b', 'c'))
  text(c)
  expect([c.parts, c.submit()]).toEqual([2, 'recipients'])
  c.split = true
  expect([c.fault, c.submit()]).toEqual([undefined, undefined])
  expect(asked[0]!.body).toMatchObject({ recipients: { people: ['a', 'b', 'c'] }, parts: 2 })
  asked.shift()!.fail(new ApiError({ code: 'network', message: 'gone' }))
  await settle()
  c.stop()
  c.leave()
  const again = write()
  await answer('/broadcasts/preview', reach('a', 'b', 'c'))
  again.submit()
  expect(asked[0]!.body).toMatchObject({ key: c.draft.key, parts: 2 })
  await answer('/broadcasts', { broadcast: { id: 'x' } })
  const most = write()
  await answer('/broadcasts/preview', reach('a', 'b', 'c', 'd', 'e', 'f', 'g'))
  text(most)
  most.split = true
  expect([most.parts, most.fault, most.submit()]).toEqual([1, '7 of 2', 'recipients'])
})
