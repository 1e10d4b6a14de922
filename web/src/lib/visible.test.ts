import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { blank } from './visible'

const cases = JSON.parse(readFileSync(new URL('../../../internal/domain/testdata/visible.json', import.meta.url), 'utf8')) as { blank: string[]; seen: string[] }

test('nothing to be seen is empty, as the server has it', () => {
  for (const text of cases.blank) expect(blank(text), JSON.stringify(text)).toBe(true)
  for (const text of cases.seen) expect(blank(text), JSON.stringify(text)).toBe(false)
})
