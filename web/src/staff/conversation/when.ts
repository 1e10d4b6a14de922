/** Times that are offered for a snooze or a reminder. */

export type Choice = { name: 'hour' | 'hours' | 'tomorrow' | 'monday'; at: Date }

/** The hour of a working day that begins it. */
const morning = 8

/** How far ahead a time may be: what the server takes. */
const most = 366 * 86_400_000

/** In 1 and in 3 hours, tomorrow morning, and Monday morning unless that is tomorrow. In the reader's own time zone. */
export function choices(now: Date): Choice[] {
  const later = (hours: number) => new Date(now.getTime() + hours * 3_600_000)
  const on = (days: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, morning)
  const monday = (8 - now.getDay()) % 7 || 7
  return [
    { name: 'hour', at: later(1) },
    { name: 'hours', at: later(3) },
    { name: 'tomorrow', at: on(1) },
    ...(monday > 1 ? [{ name: 'monday' as const, at: on(monday) }] : []),
  ]
}

/** The value of a field of type datetime-local. */
export function local(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** What is wrong with a time that somebody wrote: nothing, or `past` or `far`. An empty or broken one is past. */
export function wrong(text: string, now: number): 'past' | 'far' | undefined {
  const at = Date.parse(text)
  if (!(at > now)) return 'past'
  return at - now > most ? 'far' : undefined
}
