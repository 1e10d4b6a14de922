import { describe, expect, it } from 'vitest'
import { Ticks } from './ticks'

const shown = ['a', 'b', 'c', 'd', 'e']
const as = (ids: string[]) => ids.map((id) => ({ id }))

describe('ticks', () => {
  it('survive any change of what is shown', () => {
    const t = Ticks.none.toggle('a').toggle('d')
    expect(t.against(as(['d', 'x']))).toEqual({ inside: 1, outside: 1, all: false })
    expect(t.against(as(['a', 'd']))).toEqual({ inside: 2, outside: 0, all: true })
    expect(t.against([])).toEqual({ inside: 0, outside: 2, all: false })
  })

  it('a range goes from the last tick, either way', () => {
    expect(Ticks.none.toggle('b').range('d', shown).list().sort()).toEqual(['b', 'c', 'd'])
    expect(Ticks.none.toggle('d').range('b', shown).list().sort()).toEqual(['b', 'c', 'd'])
  })

  it('a range from an untick unticks', () => {
    expect(Ticks.none.add(shown).toggle('b').range('d', shown).list().sort()).toEqual(['a', 'e'])
  })

  it('a second range starts at the same anchor', () => {
    expect(Ticks.none.toggle('c').range('e', shown).range('a', shown).list().sort()).toEqual(shown)
  })

  it('without an anchor in view a range is one tick', () => {
    expect(Ticks.none.range('c', shown).list()).toEqual(['c'])
    expect(Ticks.none.toggle('z').range('c', shown).list().sort()).toEqual(['c', 'z'])
  })

  it('an old value does not change', () => {
    const t = Ticks.none.toggle('a')
    t.toggle('a')
    t.add(['b'])
    expect(t.list()).toEqual(['a'])
    expect(Ticks.none.size).toBe(0)
  })

  it('who is no longer known is left out', () => {
    const t = Ticks.none.add(['a', 'z'])
    expect(t.keep((id) => shown.includes(id)).list()).toEqual(['a'])
    expect(t.keep(() => true)).toBe(t)
  })
})
