import { describe, expect, test } from 'vitest'
import { filled, matching, slash } from './canned'
import { blank, load, save } from './draft'
import { prepare, search } from './emoji'
import { insert, mentioned, typingAt } from './mentions'
import { choose, limits as fileLimits, pastedName } from '../../files/limits'
import { box, size } from '../../files/sizes'
import { faults, limits, sends } from './rules'
import { parts, shortened } from './text'
import type { Canned } from './types'

function storage(): Storage {
  const kept = new Map<string, string>()
  return { getItem: (k: string) => kept.get(k) ?? null, setItem: (k: string, v: string) => void kept.set(k, v), removeItem: (k: string) => void kept.delete(k), clear: () => kept.clear(), key: () => null, length: 0 }
}

describe('drafts', () => {
  test('one for each person and conversation; empty ones are forgotten', () => {
    const store = storage()
    save(store, 'anna', 'sara', { ...blank(), body: 'Hello', group: '' })
    expect(load(store, 'anna', 'sara')).toEqual({ ...blank(), body: 'Hello', group: '' })
    expect(load(store, 'ola', 'sara')).toEqual(blank())
    expect(load(store, 'anna', 'ben')).toEqual(blank())
    save(store, 'anna', 'sara', blank())
    expect(store.getItem('crier.chat.anna.sara')).toBeNull()
  })
  test('what is not ours, or not whole, reads as blank', () => {
    const store = storage()
    for (const bad of ['{', '7', '"x"', '[]', '{"body":7,"files":[{"id":1}],"mentions":"x"}']) {
      store.setItem('crier.chat.a.b', bad)
      expect(load(store, 'a', 'b')).toEqual(blank())
    }
  })
  test('storage that refuses is no error', () => {
    const store = { getItem: () => null, removeItem: () => {}, setItem: () => { throw new Error('full') } }
    expect(() => save(store, 'a', 'b', { ...blank(), body: 'x' })).not.toThrow()
  })
})

describe('what keeps a message from going', () => {
  const given = { subject: '', body: '', files: 0, uploading: 0, broken: 0, note: false, subjectNeeded: false }
  const of = (change: Partial<typeof given>) => faults({ ...given, ...change }).map((f) => `${f.field} ${f.why}`)
  test.each([
    [{}, ['body missing']],
    [{ body: '  \n' }, ['body missing']],
    [{ body: 'x' }, []],
    [{ files: 1 }, []],
    [{ subjectNeeded: true, body: 'x' }, ['subject missing']],
    [{ subjectNeeded: true }, ['subject missing', 'body missing']],
    [{ subjectNeeded: true, note: true, body: 'x' }, []],
    [{ subjectNeeded: true, subject: 'x'.repeat(limits.subject + 1), body: 'x' }, ['subject long']],
    [{ body: 'x'.repeat(limits.body) }, []],
    [{ body: '🙂'.repeat(limits.body) }, []],
    [{ body: 'x'.repeat(limits.body + 1) }, ['body long']],
    [{ body: 'x', uploading: 1 }, ['files uploading']],
    [{ body: 'x', broken: 1 }, ['files broken']],
    [{ note: true, files: 2 }, ['body missing']],
  ])('%o → %o', (change, want) => expect(of(change)).toEqual(want))
})

test('which key sends', () => {
  const key = (change: object = {}) => ({ key: 'Enter', shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 13, ...change })
  expect(sends(key(), true)).toBe(true)
  expect(sends(key(), false)).toBe(false)
  expect(sends(key({ shiftKey: true }), true)).toBe(false)
  expect(sends(key({ ctrlKey: true }), false)).toBe(true)
  expect(sends(key({ metaKey: true }), false)).toBe(true)
  expect(sends(key({ isComposing: true, ctrlKey: true }), true)).toBe(false)
  // Safari reports the Enter that ends a composition after it has ended.
  expect(sends(key({ keyCode: 229 }), true)).toBe(false)
  expect(sends(key({ key: 'a' }), true)).toBe(false)
})

describe('files', () => {
  const file = (name: string, bytes: number) => ({ name, size: bytes, type: '' }) as File
  test('too many, too large, empty: each is named', () => {
    const choice = choose([file('a', 1), file('b', 0), file('c', fileLimits.fileBytes + 1), file('d', fileLimits.fileBytes), file('e', 1)], fileLimits.files - 2)
    expect(choice.take.map((f) => f.name)).toEqual(['a', 'd'])
    expect(choice.empty).toEqual(['b'])
    expect(choice.large.map((f) => f.name)).toEqual(['c'])
    expect(choice.many).toEqual(['e'])
  })
  test('a pasted picture gets a name of its own', () => {
    const when = new Date(2026, 10, 21, 9, 4, 7)
    expect(pastedName({ name: 'image.png', type: 'image/png' }, when)).toBe('picture-2026-11-21-09-04-07.png')
    expect(pastedName({ name: '', type: 'image/jpeg' }, when)).toBe('picture-2026-11-21-09-04-07.jpg')
    expect(pastedName({ name: 'plan.pdf', type: 'application/pdf' }, when)).toBe('plan.pdf')
  })
  test('sizes and boxes', () => {
    expect(size(900, 'en-GB')).toBe('900 bytes')
    expect(size(12_345, 'en-GB')).toBe('12 kB')
    expect(size(3_400_000, 'en-GB')).toBe('3.4 MB')
    expect(box(4000, 3000, { width: 272, height: 220 })).toEqual({ width: 272, height: 204 })
    expect(box(100, 50, { width: 272, height: 220 })).toEqual({ width: 100, height: 50 })
    expect(box(10, 9000, { width: 272, height: 220 })).toEqual({ width: 1, height: 220 })
  })
})

describe('mentions', () => {
  const anna = { id: '1', name: 'Anna Lind' }
  test.each([
    ['@', 1, { start: 0, query: '' }],
    ['hi @an', 6, { start: 3, query: 'an' }],
    ['hi @anna l', 10, { start: 3, query: 'anna l' }],
    ['mail me@home', 12, undefined],
    ['@one two three four', 19, undefined],
    ['@a\nb', 4, undefined],
    ['@ x', 3, undefined],
    ['(@an', 4, { start: 1, query: 'an' }],
    ['@an and more', 3, { start: 0, query: 'an' }],
  ])('%j at %i', (text, caret, want) => expect(typingAt(text, caret)).toEqual(want))
  test('a name is put in its place, with one space after it', () => {
    expect(insert('hi @an', 6, { start: 3, query: 'an' }, anna)).toEqual({ text: 'hi @Anna Lind ', caret: 14 })
    expect(insert('hi @an, see', 6, { start: 3, query: 'an' }, anna)).toEqual({ text: 'hi @Anna Lind, see', caret: 13 })
  })
  test('only those whose name still stands there are mentioned, once', () => {
    expect(mentioned('@Anna Lind look, @Anna Lind', [anna, anna, { id: '2', name: 'Ola Berg' }])).toEqual([anna])
    expect(mentioned('Anna Lind', [anna])).toEqual([])
  })
})

describe('canned replies', () => {
  const one = (id: string, change: Partial<Canned> = {}): Canned => ({ id, title: id, body: 'b', shared: true, ...change })
  test('fields are filled in; empty and unknown ones stay to be seen', () => {
    const values = { first_name: 'Sara', last_name: 'Amin', name: 'Sara Amin', group: '', sender: 'Anna Lind' }
    expect(filled('Hi {{first_name}} {{ last_name }}, {{group}} {{x}} {{toString}} – {{sender}}', values)).toBe('Hi Sara Amin, {{group}} {{x}} {{toString}} – Anna Lind')
  })
  test.each([
    ['/', ''],
    ['/ad', 'ad'],
    ['/adé', 'adé'],
    ['a/', undefined],
    ['/a b', undefined],
    ['', undefined],
    ['//', undefined],
  ])('%j is a shortcut: %j', (text, want) => expect(slash(text)).toBe(want))
  test('the shortcut itself first, then what begins so, then what contains it', () => {
    const all = [one('z', { body: 'ad hoc' }), one('Address'), one('x', { shortcut: 'adr' }), one('y', { shortcut: 'ad' }), one('n')]
    expect(matching(all, 'ad').map((c) => c.id)).toEqual(['y', 'x', 'Address', 'z'])
    expect(matching(all, 'ÁD')[0]?.id).toBe('y')
    expect(matching(all, '')).toHaveLength(5)
  })
})

describe('bodies', () => {
  const say = (body: string, names: string[] = []) => parts(body, names.map((name, n) => ({ id: String(n), name }))).map((p) => (p.kind === 'text' ? p.text : `[${p.kind} ${p.text}]`)).join('')
  test.each([
    ['see https://example.org/a?b=1.', 'see [link https://example.org/a?b=1].'],
    ['(http://x.org)', '([link http://x.org])'],
    ['javascript:alert(1) data:text/html,x', 'javascript:alert(1) data:text/html,x'],
    ['https://', 'https://'],
    ['<b>x</b>', '<b>x</b>'],
  ])('%j', (body, want) => expect(say(body)).toBe(want))
  test('mentions, the longer name first', () => {
    expect(say('@Anna Lind and @Anna Lindqvist', ['Anna Lind', 'Anna Lindqvist'])).toBe('[mention @Anna Lind] and [mention @Anna Lindqvist]')
    expect(say('@Anna Lind', [])).toBe('@Anna Lind')
  })
  test('a long body is shortened between words, not within a character; a short one not at all', () => {
    expect(shortened('x')).toBeUndefined()
    expect(shortened('word '.repeat(400))).toMatch(/word…$/)
    expect(shortened('🙂'.repeat(2000))).toMatch(/^🙂+…$/u)
    expect(shortened('a\n'.repeat(30))!.split('\n').length).toBeLessThan(18)
  })
})

test('emoji by words', () => {
  const raw = (emoji: string, annotation: string, version = 1, tags: string[] = []) => ({ emoji, annotation, group: 0, version, tags, shortcodes: [annotation.replaceAll(' ', '_')] })
  const all = prepare([raw('😀', 'grinning face', 1, ['smile']), raw('😺', 'smiling cat'), raw('🫨', 'too new', 17)])
  expect(all).toHaveLength(2)
  expect(search(all, 'smil').map((e) => e.emoji)).toEqual(['😺', '😀'])
  expect(search(all, 'face grin').map((e) => e.emoji)).toEqual(['😀'])
  expect(search(all, 'zebra')).toEqual([])
})
