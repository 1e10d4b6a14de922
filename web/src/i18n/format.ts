/** Dates, times and numbers in the reader's locale. Every function is pure but for the locale it is given or reads. */
import { locale } from './locale.svelte'

const cache = new Map<string, Intl.DateTimeFormat>()

function formatter(name: string, options: Intl.DateTimeFormatOptions, tag: string): Intl.DateTimeFormat {
  const key = name + ' ' + tag
  let found = cache.get(key)
  if (!found) cache.set(key, (found = new Intl.DateTimeFormat(tag, options)))
  return found
}

export type When = string | number | Date

const date = (when: When) => (when instanceof Date ? when : new Date(when))

/** 09:41 */
export const time = (when: When, tag = locale.tag): string =>
  formatter('time', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, tag).format(date(when))

/** 09:41:07 */
export const timeSeconds = (when: When, tag = locale.tag): string =>
  formatter('seconds', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }, tag).format(date(when))

/** 21 Nov 2026 */
export const day = (when: When, tag = locale.tag): string =>
  formatter('day', { day: 'numeric', month: 'short', year: 'numeric' }, tag).format(date(when))

/** Sat 21 Nov 2026, 09:41:07: for titles, print and the log. */
export const absolute = (when: When, tag = locale.tag): string =>
  formatter(
    'absolute',
    { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
    tag,
  ).format(date(when))

export function sameDay(a: When, b: When): boolean {
  const x = date(a)
  const y = date(b)
  return x.getFullYear() === y.getFullYear() && x.getMonth() === y.getMonth() && x.getDate() === y.getDate()
}

/** 09:41 today, "Yesterday 09:41", "21 Nov 09:41" this year, "21 Nov 2026" before. */
export function short(when: When, now: number, tag = locale.tag): string {
  const at = date(when)
  if (sameDay(at, now)) return time(at, tag)
  if (sameDay(at, now - 86_400_000)) {
    const yesterday = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' }).format(-1, 'day')
    return yesterday.charAt(0).toLocaleUpperCase(tag) + yesterday.slice(1) + ' ' + time(at, tag)
  }
  if (at.getFullYear() === new Date(now).getFullYear())
    return formatter('dayMonth', { day: 'numeric', month: 'short' }, tag).format(at) + ' ' + time(at, tag)
  return day(at, tag)
}

/** `short`, with the time in every year: "21 Nov 2026 09:41". */
export function moment(when: When, now: number, tag = locale.tag): string {
  const at = date(when)
  return at.getFullYear() === new Date(now).getFullYear() || sameDay(at, now) || sameDay(at, now - 86_400_000) ? short(at, now, tag) : `${day(at, tag)} ${time(at, tag)}`
}

/** "21 Nov 09:41 – 12:00", "21 Nov 2026 22:00 – 22 Nov 2026 06:00". */
export function period(from: When, until: When, now: number, tag = locale.tag): string {
  return `${moment(from, now, tag)} – ${sameDay(from, until) ? time(until, tag) : moment(until, now, tag)}`
}

/** "now", "3 min ago" while fresh (under an hour), else as `short`. */
export function relative(when: When, now: number, tag = locale.tag): string {
  const at = date(when).getTime()
  const seconds = Math.round((now - at) / 1000)
  if (seconds < -30 || seconds >= 3600) return short(at, now, tag)
  const words = new Intl.RelativeTimeFormat(tag, { numeric: 'auto', style: 'short' })
  if (seconds < 45) return words.format(0, 'second')
  return words.format(-Math.max(1, Math.round(seconds / 60)), 'minute')
}

/** How long ago something recent was, to ten seconds: "10 sec. ago", "2 min. ago". */
export function ago(when: When, now: number, tag = locale.tag): string {
  const seconds = Math.max(0, Math.round((now - date(when).getTime()) / 1000))
  const words = new Intl.RelativeTimeFormat(tag, { style: 'short' })
  return seconds < 60 ? words.format(-Math.max(1, seconds < 10 ? seconds : seconds - (seconds % 10)), 'second') : words.format(-Math.round(seconds / 60), 'minute')
}

/** 1:02:03, 02:03: a countdown. Negative counts as zero. */
export function duration(milliseconds: number): string {
  const total = Math.max(0, Math.ceil(milliseconds / 1000))
  const parts = [Math.floor(total / 3600), Math.floor((total % 3600) / 60), total % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  return parts[0] ? `${parts[0]}:${two(parts[1]!)}:${two(parts[2]!)}` : `${two(parts[1]!)}:${two(parts[2]!)}`
}

/** 1,500 */
export const count = (n: number, tag = locale.tag): string => new Intl.NumberFormat(tag).format(n)
