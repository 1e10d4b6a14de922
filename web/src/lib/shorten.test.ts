import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { shortened } from '../staff/conversation/text'
import { excerpt } from '../staff/messages/rows'
import { smsText } from './segments'
import { clip, shorten } from './shorten'
import type { Item } from '../staff/conversation/types'

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

test('what the pages show of a long text never has half a character', () => {
  const family = '👨‍👩‍👧‍👦'
  for (let n = 185; n < 205; n++) {
    const body = 'a'.repeat(n) + family + ' b'.repeat(1300)
    const shown = [
      excerpt({ type: 'message', body } as Item),
      shortened('c '.repeat(497) + body) ?? '',
      smsText('North', '', 'd'.repeat(1300) + body),
    ]
    for (const text of shown) expect(text.replaceAll(family, '')).not.toMatch(/[\u{1f466}-\u{1f469}\u200d\ud800-\udfff]/u)
  }
})
