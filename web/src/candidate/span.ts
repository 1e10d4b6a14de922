import { day, sameDay, time } from '../i18n/format'

/** "Monday 24 November, 08:00 – 13:00"; the second day is named if it is another. */
export function span(from: string, until: string | null): string {
  if (!until) return `${day(from)}, ${time(from)}`
  return sameDay(from, until) ? `${day(from)}, ${time(from)} – ${time(until)}` : `${day(from)}, ${time(from)} – ${day(until)}, ${time(until)}`
}
