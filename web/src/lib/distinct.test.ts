import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { distinct } from './distinct'

test('keeps the first of each key, and the same list when nothing is doubled', () => {
  expect(distinct(['English', 'night', 'English'])).toEqual(['English', 'night'])
  expect(distinct([{ id: 1, n: 'a' }, { id: 2, n: 'b' }, { id: 1, n: 'c' }], (one) => one.id)).toEqual([{ id: 1, n: 'a' }, { id: 2, n: 'b' }])
  const list = ['a', 'b']
  expect(distinct(list)).toBe(list)
})

/** Lists that the page itself makes: constants, objects' entries and what it gives keys of its own. */
const own = new Set(
  `toasts.list uploads.list views bars(counts) chosen channels sections groups group.keys keys names fields columns
  copied progresses presences folders quick offered kinds states tabs rows about.slice(0, 3)`.match(/about\.slice\(0, 3\)|\S+/g),
)

test('every keyed list is unique by construction: over distinct(), by index, or one of the page itself', () => {
  const root = join(import.meta.dirname, '..')
  const wrong: string[] = []
  let looked = 0
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.svelte'))) {
    const each = /\{#each ([^{}]*?) as (?:\[[^\]]*\]|\w+)(?:, (\w+))? \(((?:[^(){}]|\([^()]*\))*)\)\}/g
    for (const [whole, list = '', index, key] of readFileSync(join(root, name), 'utf8').matchAll(each)) {
      looked++
      if (!list.startsWith('distinct(') && !(index && key === index) && !own.has(list)) wrong.push(`${name}: ${whole}`)
    }
  }
  expect(wrong).toEqual([])
  expect(looked).toBeGreaterThan(80)
})
