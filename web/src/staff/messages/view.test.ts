import { describe, expect, it } from 'vitest'
import { none as noFilter } from '../people/filters'
import { filters, fromQuery, none, sameList, sortOf, toQuery, toSaved, toWire, type View } from './view'

const full: View = {
  folder: 'unread',
  kind: '',
  group: 'g1',
  written: true,
  filter: { ...noFilter, q: 'anna k', skill: ['first aid', 'reader'], tag: ['a&b'], city: ['Oslo'], postcode: ['05', '06'], activity: ['s1'], state: ['member'], fields: { licence: ['B', 'C'] } },
  processed: 'no',
  overdue: true,
  assigned: 'me',
  sort: 'waiting',
  open: 'p1',
  item: 'i1',
  find: 'shift change',
  panel: true,
}

describe('the view of the Messages page in its address', () => {
  for (const view of [none, { ...none, folder: 'archived' as const }, { ...none, kind: 'pool' as const }, { ...none, open: 'p', panel: true }, full])
    it(`there and back: ${toQuery(view) || 'nothing'}`, () => expect(fromQuery(toQuery(view))).toEqual(view))

  it('leaves out what cannot be', () => {
    expect(fromQuery('folder=bin&sort=random&kind=club&processed=maybe&panel=what&field.=x')).toEqual(none)
  })
  it('what was written somewhere needs a place', () => {
    expect(fromQuery('written=yes')).toEqual(none)
    expect(toQuery({ ...none, written: true })).toBe('')
  })
  it('a group leaves no room for a kind', () => {
    expect(fromQuery('group=g1&kind=pool')).toEqual({ ...none, group: 'g1' })
  })
  it('the folder’s own order is not written', () => {
    expect(toQuery({ ...none, folder: 'sent', sort: 'last_sent' })).toBe('folder=sent')
    expect(fromQuery('folder=sent&sort=last_sent').sort).toBeUndefined()
    expect(sortOf({ ...none, folder: 'sent' })).toBe('last_sent')
    expect(sortOf(none)).toBe('newest')
  })
  it('an item and the profile need a conversation', () => {
    expect(toQuery({ ...none, item: 'i', panel: true })).toBe('')
  })
  it('what is saved is the list, not what stands open', () => {
    const saved = new URLSearchParams(toSaved(full))
    expect([saved.get('open'), saved.get('item'), saved.get('find'), saved.get('panel')]).toEqual([null, null, null, null])
    expect(saved.getAll('skill')).toEqual(['first aid', 'reader'])
    expect(saved.getAll('field.licence')).toEqual(['B', 'C'])
  })
  it('the same list is asked for once, whatever stands open', () => {
    expect(sameList(full, { ...full, open: 'p2', item: '', find: '', panel: false })).toBe(true)
    expect(sameList(full, { ...full, processed: '' })).toBe(false)
  })
})

describe('as the server takes it', () => {
  it('nothing but the order', () => {
    expect(toWire(none)).toEqual({ folder: undefined, group: undefined, kind: undefined, written: undefined, q: undefined, processed: undefined, assigned: undefined, sort: 'newest' })
  })
  it('everything', () => {
    expect(toWire(full)).toMatchObject({ folder: 'unread', group: 'g1', written: 'yes', q: 'anna k', skill: ['first aid', 'reader'], 'field.licence': ['B', 'C'], processed: 'no', assigned: 'me', sort: 'waiting' })
  })
  it('counts what narrows', () => {
    expect(filters(none)).toBe(0)
    expect(filters(full)).toBe(11)
  })
})
