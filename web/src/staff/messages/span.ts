import { locale } from '../../i18n/locale.svelte'

/** How long something lasts, in its one telling unit: "5 min", "2 hr", "3 days". At least a minute. */
export function span(milliseconds: number, tag = locale.tag): string {
  const minutes = Math.max(1, Math.floor(milliseconds / 60_000))
  const [value, unit] = minutes < 60 ? [minutes, 'minute'] : minutes < 48 * 60 ? [Math.floor(minutes / 60), 'hour'] : [Math.floor(minutes / 1440), 'day']
  return new Intl.NumberFormat(tag, { style: 'unit', unit: unit as string, unitDisplay: 'short' }).format(value as number)
}
