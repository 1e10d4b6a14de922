import { describe, expect, it } from 'vitest'
import { fromQuery, type LogFilter, none, toQuery, toWire } from './query'

describe('the log’s filter', () => {
  const filters: LogFilter[] = [none, { ...none, kind: 'all' }, { kind: 'broadcast.told', test: 't1', q: 'a&b', sender: 'Anna', from: '2026-11-01', to: '2026-11-02' }]
  for (const f of filters) it(`address: ${toQuery(f) || 'nothing'}`, () => expect(fromQuery(toQuery(f))).toEqual(f))

  it('leaves out what cannot be', () => {
    expect(fromQuery('kind=nonsense&from=yesterday&to=2026-1-1')).toEqual(none)
  })
  it('shows sendings unless told otherwise', () => {
    expect(toWire(none)).toEqual({ kind: 'broadcast.sent' })
    expect(toWire({ ...none, kind: 'all' })).toEqual({})
    expect(toWire({ ...none, kind: 'session.started' })).toEqual({ kind: 'session.started' })
  })
  it('days are whole days of the reader, the last one included', () => {
    const w = toWire({ ...none, from: '2026-11-21', to: '2026-11-21' })
    expect(new Date(w['from']!).getTime()).toBe(new Date(2026, 10, 21).getTime())
    expect(new Date(w['to']!).getTime()).toBe(new Date(2026, 10, 22).getTime())
  })
})
