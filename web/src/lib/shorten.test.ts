import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { clip, shorten } from './shorten'

type Case = { what: string; text: string; most: number; want: string }
const file = join(import.meta.dirname, '../../../internal/shorten/testdata/cases.json')
const cases = JSON.parse(readFileSync(file, 'utf8')) as Case[]

test.each(cases)('$what, as the server cuts it', ({ text, most, want }) => {
  expect(shorten(text, most)).toBe(want)
})

test('never too long, always a beginning', () => {
  for (const { text } of cases) {
    for (let most = 0; most <= [...text].length; most++) {
      const got = clip(text, most)
      expect([...got].length).toBeLessThanOrEqual(most)
      expect(text.startsWith(got)).toBe(true)
    }
  }
})
