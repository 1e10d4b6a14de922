import { describe, expect, it } from 'vitest'
import type { Recipient } from '../types'
import { asView, bars, byRoom, countOf, inView, views } from './people'

const at = '2026-11-21T09:00:00Z'
const r = (id: string, change: Partial<Recipient> = {}) => ({ id, room: 'A', ...change }) as Recipient
const people = [
  r('queued'),
  r('delivered', { delivered_at: at }),
  r('displayed', { delivered_at: at, displayed_at: at }),
  r('confirmed', { delivered_at: at, displayed_at: at, acknowledged_at: at }),
  r('told', { told: { at, by: 'Anna', note: '' } }),
]

describe('who has not', () => {
  const want = {
    all: ['queued', 'delivered', 'displayed', 'confirmed', 'told'],
    delivered: ['queued', 'told'],
    displayed: ['queued', 'delivered'],
    acknowledged: ['queued', 'delivered', 'displayed'],
  }
  for (const view of views) {
    it(view, () => {
      expect(people.filter(inView(view)).map((p) => p.id)).toEqual(want[view])
      expect(countOf(view, people)).toBe(want[view].length)
    })
  }
  it('is what the address asks for, else who has not seen it', () => {
    expect([asView('all'), asView(null), asView('nonsense')]).toEqual(['all', 'displayed', 'displayed'])
  })
})

describe('bars', () => {
  it('queued is who is left, told only if there is any', () => {
    expect(bars({ recipients: 10, delivered: 7, displayed: 5, acknowledged: 4, told: 0 }).map((b) => `${b.state} ${b.count}`)).toEqual([
      'queued 3',
      'delivered 7',
      'displayed 5',
      'acknowledged 4',
    ])
    expect(bars({ recipients: 1, delivered: 0, displayed: 0, acknowledged: 0, told: 1 }).at(-1)).toEqual({ state: 'told', count: 1 })
  })
})

it('rooms keep the order they come in', () => {
  expect(byRoom([r('1', { room: 'B' }), r('2', { room: 'A' }), r('3', { room: 'B' })]).map((x) => [x.room, x.people.map((p) => p.id).join('')])).toEqual([
    ['B', '13'],
    ['A', '2'],
  ])
})
