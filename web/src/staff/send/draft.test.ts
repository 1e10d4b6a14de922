import { describe, expect, it } from 'vitest'
import { type Around, characters, type Draft, faults, forget, fresh, limits, load, newKey, save } from './draft'
import { byReason } from './leftOut'

function storage() {
  const kept = new Map<string, string>()
  return { kept, getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k) }
}

const file = { id: 'f', name: 'a.pdf', type: 'application/pdf', size: 1, picture: false }
const written: Draft = { key: 'w-123456789', subject: 'S', body: 'B', attachments: [], channels: [] }

describe('draft', () => {
  it('comes back with its key, its files, its copies and whom a try named', () => {
    const s = storage()
    const whole: Draft = { ...written, attachments: [file], channels: ['sms'], asked: ['1', '2'] }
    save(s, 't', whole)
    expect(load(s, 't')).toEqual(whole)
    expect(load(s, 'another')).toBeUndefined()
    forget(s, 't')
    expect(load(s, 't')).toBeUndefined()
  })
  it('an empty one is not kept; a file alone is something', () => {
    const s = storage()
    save(s, 't', written)
    save(s, 't', { ...written, subject: '', body: '', attachments: [file] })
    expect(load(s, 't')?.attachments).toEqual([file])
    save(s, 't', { ...written, subject: '', body: '' })
    expect(s.kept.size).toBe(0)
  })
  it('what cannot be read is no draft, and an unknown copy is none', () => {
    for (const text of ['', 'no json', 'null', '[]', '{"key":1}', '{"key":"k","subject":"s"}']) {
      expect(load({ ...storage(), getItem: () => text }, 't')).toBeUndefined()
    }
    expect(load({ ...storage(), getItem: () => JSON.stringify({ ...written, channels: ['pigeon', 'email'] }) }, 't')?.channels).toEqual(['email'])
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
    expect(fresh([], () => 'k')).toEqual({ key: 'k', subject: '', body: '', attachments: [], channels: [] })
  })
  it('characters are counted as the server counts', () => {
    expect(characters('Ærøå😀')).toBe(5)
  })
})

describe('what keeps it from being sent', () => {
  const cases: [string, Partial<Draft>, Partial<Around>, string[]][] = [
    ['nothing', {}, {}, []],
    ['no subject', { subject: ' ' }, {}, ['subject missing']],
    ['no subject where it is optional', { subject: '' }, { subjectRequired: false }, []],
    ['no body', { body: '\n ' }, {}, ['body missing']],
    ['everything', { subject: '', body: '' }, { recipients: 0, failed: 1, uploading: 2 }, ['subject missing', 'body missing', 'files failed', 'recipients missing', 'files uploading']],
    ['subject at the limit', { subject: 'x'.repeat(limits.subject) }, {}, []],
    ['subject over it', { subject: 'x'.repeat(limits.subject + 1) }, { subjectRequired: false }, ['subject long']],
    ['body at the limit', { body: '😀'.repeat(limits.body) }, {}, []],
    ['body over it', { body: 'x'.repeat(limits.body + 1) }, {}, ['body long']],
    ['1500', {}, { recipients: 1500 }, []],
    ['1501', {}, { recipients: 1501 }, ['recipients many']],
    ['not known who gets it', {}, { recipients: undefined, most: 0 }, []],
  ]
  for (const [name, change, around, want] of cases) {
    it(name, () => expect(faults({ ...written, ...change }, { recipients: 1, most: 1500, subjectRequired: true, failed: 0, uploading: 0, ...around }).map((f) => `${f.field} ${f.why}`)).toEqual(want))
  }
})

it('left out, by reason, the commonest first', () => {
  const one = (id: string, code: string) => ({ id, name: id, reason: { code, text: code } })
  expect(byReason([one('a', 'locked'), one('b', 'invited'), one('c', 'invited')]).map((g) => [g.reason.code, g.people.length])).toEqual([
    ['invited', 2],
    ['locked', 1],
  ])
})
