import { beforeEach, expect, test, vi } from 'vitest'
import type { Attachment } from '../protocol/frames'

const { going, upload } = vi.hoisted(() => {
  const going: { name: string; there(file: unknown): void; fail(error: unknown): void }[] = []
  const upload = (_: string, __: unknown, name: string) => {
    let fail = (_: unknown) => {}
    const done = new Promise((there, no) => {
      fail = no
      going.push({ name, there, fail })
    })
    return { done, abort: () => fail(new Error('removed')) }
  }
  return { going, upload }
})
vi.mock('./transfer', () => ({ upload, discard: () => {} }))
const { Uploads } = await import('./uploads.svelte')

const file = (name: string): Attachment => ({ id: name, name, size: 3, type: 'text/plain' }) as Attachment
const given = (...names: string[]) => names.map((name) => ({ name, file: new File(['abc'], name) }))
const there = async (name: string) => {
  going.find((g) => g.name === name)!.there(file(name))
  await new Promise((done) => setTimeout(done))
}

let kept: string[]
let uploads: InstanceType<typeof Uploads>
beforeEach(() => {
  going.length = 0
  uploads = new Uploads('/x/attachments', [], () => (kept = uploads.ready.map((f) => f.id)))
})

/** What settled() says, or 'waits'. */
const state = (promise: Promise<boolean>) => Promise.race([promise, new Promise((done) => setTimeout(() => done('waits'), 5))])

test('two go at once, the others wait their turn', async () => {
  uploads.add(given('a', 'b', 'c'))
  expect(going.map((g) => g.name)).toEqual(['a', 'b'])
  await there('b')
  expect([going.map((g) => g.name), kept]).toEqual([['a', 'b', 'c'], ['b']])
})

test('settled when all are there', async () => {
  expect(await state(uploads.settled())).toBe(true)
  uploads.add(given('a', 'b', 'c'))
  const settled = uploads.settled()
  await there('a')
  await there('b')
  expect(await state(settled)).toBe('waits')
  await there('c')
  expect(await state(settled)).toBe(true)
  expect(kept).toEqual(['a', 'b', 'c'])
})

test.each([
  ['one fails', () => going[0]!.fail(new Error('away'))],
  ['one is taken out', () => uploads.remove(uploads.list[0]!.key)],
  ['one comes to them', () => uploads.add(given('d'))],
  ['nobody waits any more', () => uploads.stop()],
])('not settled if %s', async (_, change) => {
  uploads.add(given('a', 'b'))
  const settled = uploads.settled()
  change()
  await there('b')
  expect(await state(settled)).toBe(false)
})

test('one that failed may be tried again; then they are settled', async () => {
  uploads.add(given('a'))
  going[0]!.fail(new Error('away'))
  await new Promise((done) => setTimeout(done))
  expect(await state(uploads.settled())).toBe(false)
  uploads.retry(uploads.list[0]!.key)
  const settled = uploads.settled()
  going[1]!.there(file('a'))
  expect(await state(settled)).toBe(true)
})

test('after stop nothing that still comes changes the draft', async () => {
  uploads.add(given('a'))
  kept = ['as it was']
  uploads.stop()
  await there('a')
  expect([kept, uploads.list]).toEqual([['as it was'], []])
})
