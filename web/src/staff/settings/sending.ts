// The organisation's settings about copies as the page's fields hold them.

import type { Copied } from '../deliveries/types'

/** As GET /settings says them; absent is the default. */
export type SendingValues = {
  region?: string
  time_zone?: string
  quiet_from?: number
  quiet_to?: number
  escalate_after?: number
  escalate_to?: string
  emails_per_hour?: number
  sms_per_day?: number
  staff_chat_only?: boolean
  default_channels?: Copied[]
}

/** Minutes of the day as a time field has them: 1320 → "22:00". */
export function clockTime(minutes: number | undefined): string {
  const m = minutes ?? 0
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(Math.floor(m / 60))}:${two(m % 60)}`
}

/** "22:00" → 1320; undefined for what is no time. */
export function minutesOf(text: string): number | undefined {
  const found = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text)
  return found ? Number(found[1]) * 60 + Number(found[2]) : undefined
}

/** A whole number from 0 up; empty reads as 0, anything else is undefined. */
export function amount(text: string): number | undefined {
  const given = text.trim()
  if (given === '') return 0
  return /^\d{1,9}$/.test(given) ? Number(given) : undefined
}
