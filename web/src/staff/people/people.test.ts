import { describe, expect, it } from 'vitest'
import { body, narrowing, none, prefixes, read, wire, withField, write } from './filters'
import { fromQuery, none as noView, toQuery, toWire } from './query'

const filter = { ...none, q: 'berg', city: ['Oslo', 'Ås'], presence: ['online'], fields: { licence: ['B'] } }

describe('a filter of people', () => {
  it('there and back', () => {
    const query = new URLSearchParams()
    write(filter, query)
    expect(read(query)).toEqual(filter)
  })
  it('empty and repeated values are no values', () => {
    expect(read(new URLSearchParams('q=+&tag=&tag=a&tag=a&field.x=&field.=y'))).toEqual({ ...none, tag: ['a'] })
  })
  it('as GET and as the body of a sending take it', () => {
    expect(wire(filter)).toEqual({ q: 'berg', city: ['Oslo', 'Ås'], presence: ['online'], 'field.licence': ['B'] })
    expect(body(filter)).toEqual({ q: 'berg', city: ['Oslo', 'Ås'], presence: ['online'], fields: { licence: ['B'] } })
    expect(body(none)).toEqual({})
  })
  it('counts what narrows', () => {
    expect(narrowing(none)).toBe(0)
    expect(narrowing(filter)).toBe(4)
    expect(narrowing(withField(filter, 'licence', []))).toBe(3)
  })
  it('prefixes', () => expect(prefixes(' 05, 06;07 05')).toEqual(['05', '06', '07']))
})

describe('the address of a people list', () => {
  it('there and back', () => {
    const view = { filter, sort: 'city' as const }
    expect(fromQuery(toQuery(view))).toEqual(view)
    expect(toQuery(noView)).toBe('')
    expect(fromQuery('sort=shoe+size')).toEqual(noView)
  })
  it('as the server takes it', () => {
    expect(toWire({ filter: none, sort: 'last_name' }, '')).toEqual({ group: undefined, q: undefined, sort: undefined })
    expect(toWire({ filter: none, sort: 'city' }, 'g')).toEqual({ group: 'g', q: undefined, sort: 'city' })
  })
})
