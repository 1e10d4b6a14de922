import { beforeEach, expect, test, vi } from 'vitest'
import { stubStorage } from '../../test/unit/kept'

const { going, sent } = vi.hoisted(() => ({ going: [] as { there(file: unknown): void }[], sent: [] as { body: object; answer(value: unknown): void; fail(error: unknown): void }[] }))
vi.mock('../lib/session.svelte', () => ({ session: { me: { id: 'sara' } }, api: { post: (_: string, body: object) => new Promise((answer, fail) => sent.push({ body, answer, fail })) } }))
vi.mock('../files/transfer', () => ({ discard() {}, upload: () => ({ done: new Promise((there) => going.push({ there })), abort() {} }) }))
const { writingAt } = await import('./writing.svelte')

let place: string
let nth = 0
const settle = () => new Promise((done) => setTimeout(done))
const attach = (writing: ReturnType<typeof writingAt>) => writing.uploads.add([{ file: new File(['abc'], 'plan.txt'), name: 'plan.txt' }])

beforeEach(() => {
  stubStorage()
  going.length = sent.length = 0
  place = `g${++nth}`
})

test('a place that is left and come back to while its file goes up still has it', async () => {
  const writing = writingAt(place)
  writing.body = 'Here it is'
  writing.keep()
  attach(writing)
  const again = writingAt(place)
  expect(again.uploads.count('uploading')).toBe(1)
  again.body = 'Here it is now'
  again.keep()
  going[0]!.there({ id: 'f1', name: 'plan.txt', size: 3 })
  await settle()
  const later = writingAt(place)
  expect([later === again, later.body, later.uploads.ready.map((f) => f.id)]).toEqual([false, 'Here it is now', ['f1']])
})

test('what is on its way is not offered once more', async () => {
  const writing = writingAt(place)
  writing.body = 'Yes'
  const done = writing.send('/inbox/messages', {})
  expect([writingAt(place).phase, writingAt('other').phase]).toEqual(['sending', 'writing'])
  sent[0]!.answer({ message: { id: 'm1' } })
  await done
  expect(writingAt(place).body).toBe('')
})

test('tried again it goes under the same key; another text under another', async () => {
  const writing = writingAt(place)
  for (const body of ['Yes', 'Yes', 'No']) {
    writing.body = body
    const done = writing.send('/inbox/messages', {})
    sent.at(-1)!.fail(new Error('away'))
    await done
  }
  const keys = sent.map((s) => (s.body as { key: string }).key)
  expect([keys[0] === keys[1], keys[1] === keys[2], writing.phase]).toEqual([true, false, 'failed'])
})
