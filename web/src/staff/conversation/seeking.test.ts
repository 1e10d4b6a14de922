import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Seeking } from './seeking.svelte'

type Asked = { q: string; answer(found: string[]): void; fail(error: unknown): void }
let asked: Asked[]
let seeking: Seeking<string>

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  seeking = new Seeking((q) => new Promise((answer, fail) => asked.push({ q, answer, fail })))
})
afterEach(() => vi.useRealTimers())
const settled = () => vi.advanceTimersByTimeAsync(0)

test('asks when typing pauses, without the blanks around; what was found stays until then', async () => {
  seeking.start()
  asked[0]!.answer(['Ann', 'Ben'])
  await settled()
  expect([seeking.found, seeking.busy]).toEqual([['Ann', 'Ben'], false])
  seeking.typed('b')
  await vi.advanceTimersByTimeAsync(100)
  seeking.typed(' be ')
  expect([seeking.found, seeking.busy, asked.length]).toEqual([['Ann', 'Ben'], true, 1])
  await vi.advanceTimersByTimeAsync(150)
  expect(asked.map((a) => a.q)).toEqual(['', 'be'])
  asked[1]!.answer(['Ben'])
  await settled()
  expect([seeking.found, seeking.busy]).toEqual([['Ben'], false])
})

test('only the answer to what stands in the field counts, however late another comes', async () => {
  seeking.typed('a')
  await vi.advanceTimersByTimeAsync(150)
  seeking.typed('ab')
  asked[0]!.answer(['Ann'])
  await settled()
  expect([seeking.found, seeking.busy]).toEqual([[], true])
  await vi.advanceTimersByTimeAsync(150)
  asked[1]!.answer(['Abel'])
  await settled()
  expect([seeking.found, seeking.busy]).toEqual([['Abel'], false])
})

test('a failure is no list of people who do not fit; the next answer ends it', async () => {
  seeking.start()
  asked[0]!.fail('away')
  await settled()
  expect([seeking.found, seeking.busy, seeking.failure]).toEqual([[], false, 'away'])
  seeking.typed('a')
  await vi.advanceTimersByTimeAsync(150)
  asked[1]!.answer(['Ann'])
  await settled()
  expect([seeking.found, seeking.failure]).toEqual([['Ann'], undefined])
})

test('suggested ones stand first, and nobody is asked', () => {
  seeking.typed('a')
  seeking.start(['Sara'])
  vi.advanceTimersByTime(1000)
  expect([seeking.found, seeking.sought, seeking.busy, asked.length]).toEqual([['Sara'], '', false, 0])
})
