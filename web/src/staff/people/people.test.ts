import { describe, expect, it } from 'vitest'
import { byReason, fresh, load, save } from './bulk'
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

describe('the draft of a sending to many', () => {
  const store = () => {
    const kept = new Map<string, string>()
    return { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k), kept }
  }
  const draft = { ...fresh(() => 'key-1'), subject: 'Shift', body: 'Text', attachments: [{ id: 'f', name: 'a.pdf', type: 'application/pdf', size: 1, picture: false }], asked: ['p1'] }

  it('comes back whole, each group its own', () => {
    const s = store()
    save(s, 'g1', draft)
    expect(load(s, 'g1')).toEqual(draft)
    expect(load(s, '')).toBeUndefined()
  })
  it('an empty one is forgotten', () => {
    const s = store()
    save(s, '', draft)
    save(s, '', fresh(() => 'key-2'))
    expect(s.kept.size).toBe(0)
  })
  it('what is broken is no draft, and storage that refuses is no error', () => {
    const s = store()
    s.setItem('crier.bulk.all', '{"key":1}')
    expect(load(s, '')).toBeUndefined()
    s.setItem('crier.bulk.all', 'nonsense')
    expect(load(s, '')).toBeUndefined()
    expect(() => save({ ...s, setItem: () => { throw new Error('full') } }, '', draft)).not.toThrow()
  })
})

it('left out, by reason, the commonest first', () => {
  const one = (id: string, code: string) => ({ id, name: id, reason: { code, text: code } })
  expect(byReason([one('a', 'locked'), one('b', 'invited'), one('c', 'invited')]).map((g) => [g.reason.code, g.people.length])).toEqual([
    ['invited', 2],
    ['locked', 1],
  ])
})
