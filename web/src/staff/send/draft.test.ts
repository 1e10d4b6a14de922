import { describe, expect, it } from 'vitest'
import { characters, type Draft, faults, forget, fresh, limits, load, newKey, save } from './draft'

function storage() {
  const kept = new Map<string, string>()
  return { kept, getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k) }
}

const written: Draft = { key: 'w-123456789', subject: 'S', body: 'B' }

describe('draft', () => {
  it('comes back with its key and what was asked', () => {
    const s = storage()
    const asked = { ...written, asked: { subject: 'S', body: 'B', people: ['1', '2'] } }
    save(s, 't', asked)
    expect(load(s, 't')).toEqual(asked)
    expect(load(s, 'another')).toBeUndefined()
    forget(s, 't')
    expect(load(s, 't')).toBeUndefined()
  })
  it('without text it is not kept', () => {
    const s = storage()
    save(s, 't', written)
    save(s, 't', { ...written, subject: '', body: '' })
    expect(s.kept.size).toBe(0)
  })
  it('what cannot be read is no draft', () => {
    for (const text of ['', 'no json', 'null', '[]', '{"key":1}', '{"key":"k","subject":"s"}']) {
      expect(load({ ...storage(), getItem: () => text }, 't')).toBeUndefined()
    }
  })
  it('storage that refuses is no error', () => {
    const refuses = () => {
      throw new Error('no')
    }
    const s = { getItem: refuses, setItem: refuses, removeItem: refuses }
    save(s, 't', written)
    forget(s, 't')
    expect(load(s, 't')).toBeUndefined()
  })
  it('a key fits the server and is never the same', () => {
    const keys = new Set(Array.from({ length: 200 }, newKey))
    expect(keys.size).toBe(200)
    for (const key of keys) expect(key).toMatch(/^w-[\w-]{24}$/)
    expect(fresh(() => 'k')).toEqual({ key: 'k', subject: '', body: '' })
  })
  it('characters are counted as the server counts', () => {
    expect(characters('Ærøå😀')).toBe(5)
  })
})

describe('what keeps it from being sent', () => {
  const cases: [string, Partial<Draft>, number, boolean, string[]][] = [
    ['nothing', {}, 1, true, []],
    ['no subject', { subject: ' ' }, 1, true, ['subject missing']],
    ['no subject where it is optional', { subject: '' }, 1, false, []],
    ['no body', { body: '\n ' }, 1, true, ['body missing']],
    ['everything', { subject: '', body: '' }, 0, true, ['subject missing', 'body missing', 'recipients missing']],
    ['subject at the limit', { subject: 'x'.repeat(limits.subject) }, 1, true, []],
    ['subject over it', { subject: 'x'.repeat(limits.subject + 1) }, 1, false, ['subject long']],
    ['body at the limit', { body: '😀'.repeat(limits.body) }, 1, true, []],
    ['body over it', { body: 'x'.repeat(limits.body + 1) }, 1, true, ['body long']],
    ['1500', {}, 1500, true, []],
    ['1501', {}, 1501, true, ['recipients many']],
  ]
  for (const [name, change, recipients, required, want] of cases) {
    it(name, () => expect(faults({ ...written, ...change }, recipients, 1500, required).map((f) => `${f.field} ${f.why}`)).toEqual(want))
  }
})
