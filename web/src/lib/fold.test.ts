import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { matches } from './fold'

const cases = (JSON.parse(readFileSync(new URL('../../../internal/domain/testdata/search.json', import.meta.url), 'utf8')) as { cases: [string, string, boolean][] }).cases

test('texts are found by what people type, as the server finds them', () => {
  expect(cases.length).toBeGreaterThan(50)
  for (const [text, query, found] of cases) expect(matches(query, text), `${query} in ${text}`).toBe(found)
})
