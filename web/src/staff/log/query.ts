// The log's filter, in the page's address and as the server takes it.
import { kinds } from './kinds'

export { kinds }

export interface LogFilter {
  /** "" is sendings, "all" is everything, else a kind. */
  kind: string
  test: string
  q: string
  sender: string
  /** Days as YYYY-MM-DD in the reader's time zone; `to` is included. */
  from: string
  to: string
}

export const none: LogFilter = { kind: '', test: '', q: '', sender: '', from: '', to: '' }
export const sendings = 'broadcast.sent'

export type Kind = (typeof kinds)[number]

const parts = Object.keys(none) as (keyof LogFilter)[]

export function fromQuery(query: string): LogFilter {
  const p = new URLSearchParams(query)
  const f = { ...none }
  for (const part of parts) f[part] = p.get(part) ?? ''
  if (f.kind !== 'all' && !(kinds as readonly string[]).includes(f.kind)) f.kind = ''
  if (f.kind === sendings) f.kind = ''
  for (const d of ['from', 'to'] as const) if (!/^\d{4}-\d{2}-\d{2}$/.test(f[d])) f[d] = ''
  return f
}

export function toQuery(f: LogFilter): string {
  const p = new URLSearchParams()
  for (const part of parts) if (f[part].trim()) p.set(part, f[part].trim())
  return p.toString()
}

/** As the server takes it: instants instead of days, `to` the first moment that is out. */
export function toWire(f: LogFilter): Record<string, string> {
  const w: Record<string, string> = {}
  if (f.kind !== 'all') w['kind'] = f.kind || sendings
  if (f.test) w['test'] = f.test
  if (f.q.trim()) w['q'] = f.q.trim()
  if (f.sender.trim()) w['sender'] = f.sender.trim()
  const from = midnight(f.from, 0)
  const to = midnight(f.to, 1)
  if (from) w['from'] = from
  if (to) w['to'] = to
  return w
}

function midnight(day: string, plus: number): string | undefined {
  const [y, m, d] = day.split('-').map(Number)
  if (!y || !m || !d) return undefined
  const at = new Date(y, m - 1, d + plus)
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString()
}
