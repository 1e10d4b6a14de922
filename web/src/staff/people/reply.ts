/** An expected reply time, as people write it and as the server keeps it. */
import { locale } from '../../i18n/locale.svelte'

export const units = ['minute', 'hour', 'day'] as const
export type Unit = (typeof units)[number]

const minutesOf: Record<Unit, number> = { minute: 1, hour: 60, day: 1440 }

/** The most that the server takes: 30 days. */
export const most = 30 * 1440

/** Whole minutes; 0 for an empty field. Undefined for what is no whole number from 0, or is over 30 days. */
export function toMinutes(amount: string, unit: Unit): number | undefined {
  const text = amount.trim()
  if (!text) return 0
  if (!/^\d+$/.test(text)) return undefined
  const minutes = Number(text) * minutesOf[unit]
  return minutes <= most ? minutes : undefined
}

/** In the largest unit that says it in whole numbers. Nothing is an empty field. */
export function fromMinutes(minutes: number): { amount: string; unit: Unit } {
  if (!minutes) return { amount: '', unit: 'hour' }
  const unit = units.findLast((u) => minutes % minutesOf[u] === 0)!
  return { amount: String(minutes / minutesOf[unit]), unit }
}

/** 4 hours */
export function inWords(minutes: number, tag = locale.tag): string {
  const { amount, unit } = fromMinutes(minutes)
  return new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'long' }).format(Number(amount))
}
