import { describe, expect, it } from 'vitest'
import type { Candidate } from '../types'
import { clicked, comparer, fromText, initial, toText } from './sort'

const c = (id: string, change: Partial<Candidate>) =>
  ({ id, given_name: '', family_name: '', room: 'A', seat: '', presence: 'online', progress: 'in_progress', extra_minutes: 0, last_seen_at: null, ...change }) as Candidate

const order = (list: Candidate[], text: string) => list.toSorted(comparer(fromText(text))).map((x) => x.id).join(' ')

describe('sort', () => {
  it('seats count numbers as numbers, rooms come first', () => {
    expect(order([c('1', { seat: 'A10' }), c('2', { seat: 'A9' }), c('3', { room: 'B', seat: 'A1' })], '')).toBe('2 1 3')
  })
  it('who is equal in the column stays in the order of seats, both ways', () => {
    const list = [c('1', { seat: '2' }), c('2', { seat: '1' }), c('3', { seat: '3', presence: 'offline' })]
    expect(order(list, 'presence')).toBe('3 2 1')
    expect(order(list, '-presence')).toBe('2 1 3')
  })
  it('names by family name', () => {
    expect(order([c('1', { given_name: 'A', family_name: 'Z' }), c('2', { given_name: 'B', family_name: 'Åb' })], 'name')).toBe('2 1')
  })
  it('a second click turns it round', () => {
    expect(clicked(initial, 'seat')).toEqual({ column: 'seat', descending: true })
    expect(clicked({ column: 'seat', descending: true }, 'name')).toEqual({ column: 'name', descending: false })
  })
  it('the address keeps it', () => {
    for (const text of ['', '-seat', 'name', '-seen']) expect(toText(fromText(text))).toBe(text)
    expect(fromText('nonsense')).toEqual(initial)
  })
})
