import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { byText, collatorOf } from './order'
import { session } from './session.svelte'
import type { Me } from './types'

type List = { language: string; names: string[] }
const cases = JSON.parse(readFileSync(new URL('../../../internal/domain/testdata/order.json', import.meta.url), 'utf8')) as { orders: List[]; equal: List[] }

afterEach(() => {
  session.me = undefined
})

test('names are ordered as the server orders them', () => {
  expect(cases.orders.length).toBeGreaterThan(10)
  for (const { language, names } of cases.orders)
    for (const [i, name] of names.slice(1).entries()) expect(collatorOf(language).compare(names[i]!, name), `${language}: ${names[i]}, ${name}`).toBeLessThan(0)
  for (const { language, names } of cases.equal) for (const name of names) expect(collatorOf(language).compare(names[0]!, name), `${language}: ${name}`).toBe(0)
})

test("the organisation's language counts, not the browser's", () => {
  const order = (language: string) => {
    session.me = { organisation: { slug: 'north', name: 'North', language } } as Me
    return ['Åsen', 'Östby', 'Zahl', 'Adler', 'Ärlig'].toSorted(byText).join(' ')
  }
  expect(order('nb')).toBe('Adler Zahl Ärlig Östby Åsen')
  expect(order('sv')).toBe('Adler Zahl Åsen Ärlig Östby')
  expect(order('de')).toBe('Adler Ärlig Åsen Östby Zahl')
})
