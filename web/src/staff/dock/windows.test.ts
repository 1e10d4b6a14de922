import { describe, expect, test } from 'vitest'
import { changed, type Chat, closed, fit, load, opened, save } from './windows'

const chat = (id: string, change: Partial<Chat> = {}): Chat => ({ kind: 'person', id, name: id, collapsed: false, ...change })
const ids = (all: readonly Chat[]) => all.map((c) => c.id).join('')

describe('windows', () => {
  test('the newest stands first; opening an open one brings it to the front, expanded', () => {
    const all = opened([chat('a'), chat('b', { collapsed: true })], chat('b'))
    expect(ids(all)).toBe('ba')
    expect(all[0]!.collapsed).toBe(false)
    expect(ids(opened(all, chat('c')))).toBe('cba')
  })
  test('a person and a team thread of the same id are two', () => {
    expect(opened([chat('a')], chat('a', { kind: 'team' }))).toHaveLength(2)
  })
  test('closing and collapsing', () => {
    expect(ids(closed([chat('a'), chat('b')], 'person:a'))).toBe('b')
    expect(changed([chat('a')], 'person:a', { collapsed: true })[0]!.collapsed).toBe(true)
  })
  test.each([
    [360, 'a', 'bcd'],
    [720, 'ab', ''],
    [720, 'a', 'bc'],
    [1440, 'abcd', ''],
    [1440, 'abc', 'de'],
    [2560, 'abcdef', ''],
  ])('%i px: %s stand open, %s are chips', (available, shown, chips) => {
    const all = [...(shown + chips)].map((id) => chat(id))
    const got = fit(all, available)
    expect([ids(got.shown), ids(got.chips)]).toEqual([shown, chips])
  })
  test('collapsed ones are chips and leave their room to others', () => {
    const got = fit([chat('a', { collapsed: true }), chat('b'), chat('c')], 1000)
    expect([ids(got.shown), ids(got.chips)]).toEqual(['bc', 'a'])
  })
  test('kept over a reload, without the item to jump to; what is not ours is left out', () => {
    const kept = new Map<string, string>()
    const store = { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k) }
    save(store, [chat('a', { item: 'x' }), chat('b', { collapsed: true })])
    expect(load(store)).toEqual([chat('a'), chat('b', { collapsed: true })])
    kept.set('dock', '[{"kind":"x","id":"a","name":"a"},7,null]')
    expect(load(store)).toEqual([])
    save(store, [])
    expect(kept.size).toBe(0)
  })
})
