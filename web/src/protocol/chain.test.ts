import { expect, test } from 'vitest'
import { Chain } from './chain'

test('a message is new once, fits or leaves a gap', () => {
  const chain = new Chain()
  expect(chain.since()).toBeUndefined()
  expect(chain.take('b', 'a')).toBe('new') // without a place of our own, whatever comes first
  expect(chain.take('b', 'a')).toBe('known')
  expect(chain.take('d', 'c')).toBe('gap')
  expect(chain.cursor).toBe('b')
  expect(chain.take('c', 'b')).toBe('new')
  expect(chain.closes('d')).toBe(false)
  expect(chain.closes('c')).toBe(true)
  expect(chain.since()).toBe('c')
})

test('what was taken is known after starting over, and new after a reset', () => {
  const chain = new Chain('a')
  expect(chain.take('b', 'a')).toBe('new')
  chain.restart()
  expect(chain.cursor).toBeUndefined()
  expect(chain.take('b', 'x')).toBe('known')
  expect(chain.cursor).toBe('b') // and it is our place again
  chain.reset()
  expect(chain.take('b', 'a')).toBe('new')
})

test('three gaps without being whole in between: the chain starts over', () => {
  const chain = new Chain('a')
  expect([chain.broken(), chain.broken()]).toEqual([false, false])
  expect(chain.closes('a')).toBe(true)
  expect([chain.broken(), chain.broken()]).toEqual([false, false])
  expect(chain.cursor).toBe('a')
  expect(chain.broken()).toBe(true)
  expect(chain.cursor).toBeUndefined()
  expect(chain.broken()).toBe(false)
})

test('before the first message: the end of an empty chain is a place to go on from, but no place to ask from', () => {
  const chain = new Chain('')
  expect(chain.closes('')).toBe(true)
  expect(chain.cursor).toBe('')
  expect(chain.take('a', '')).toBe('new')
  const other = new Chain()
  expect(other.closes('')).toBe(true)
  expect(other.since()).toBeUndefined()
  expect(other.take('c', 'b')).toBe('new') // the server may start where it likes
})
