import { locale } from '../i18n/locale.svelte'

/** 900 bytes, 12 kB, 3.4 MB: in the reader's locale, in thousands as file managers count. */
export function size(bytes: number, tag = locale.tag): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  let n = bytes
  let unit = 0
  while (n >= 1000 && unit < units.length - 1) {
    n /= 1000
    unit++
  }
  return new Intl.NumberFormat(tag, { style: 'unit', unit: units[unit], unitDisplay: unit ? 'short' : 'long', maximumFractionDigits: unit > 1 && n < 10 ? 1 : 0 }).format(n)
}

/** The box that a picture's preview takes, before it has arrived: within the given width and height, never larger than it is. */
export function box(width: number, height: number, most: { width: number; height: number }): { width: number; height: number } {
  const scale = Math.min(1, most.width / width, most.height / height)
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}
