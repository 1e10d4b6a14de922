import { describe, expect, test } from 'vitest'
import { appearsAt, GRACE, Guard, PATIENCE, PAUSE } from '../../src/candidate/typing'

describe('a message waits for a pause in typing', () => {
  for (const [name, arrived, typed, want] of [
    ['nobody types', 1000, undefined, 1000],
    ['typed long ago', 10_000, 1000, 10_000],
    ['typed just now', 10_000, 9900, 9900 + PAUSE],
    ['still typing after it came', 10_000, 11_000, 11_000 + PAUSE],
    ['typing without end: not longer than our patience', 10_000, 12_900, 10_000 + PATIENCE],
  ] as const) {
    test(name, () => expect(appearsAt(arrived, typed)).toBe(want))
  }
})

describe('only a deliberate press confirms', () => {
  test('not within the grace', () => {
    const guard = new Guard(0)
    expect(guard.key(GRACE - 1, 'Enter', false)).toBe(false)
    expect(guard.pointer(GRACE - 1)).toBe(false)
  })
  test('after it', () => {
    expect(new Guard(0).key(GRACE, 'Enter', false)).toBe(true)
    expect(new Guard(0).pointer(GRACE)).toBe(true)
  })
  test('not a held key', () => expect(new Guard(0).key(5000, ' ', true)).toBe(false))
  test('not the end of a word that is typed on', () => {
    const guard = new Guard(0)
    for (let at = 100; at < 3000; at += 150) guard.key(at, 'a', false)
    expect(guard.key(3000, ' ', false)).toBe(false)
    expect(guard.key(3150, 'Enter', false)).toBe(false)
    expect(guard.key(3150 + GRACE, 'Enter', false)).toBe(true)
  })
  test('moving to the button is not typing', () => {
    const guard = new Guard(0)
    expect(guard.key(1000, 'Tab', false)).toBe(true)
    expect(guard.key(1100, 'Enter', false)).toBe(true)
  })
})
