import { shorten } from './shorten'

// How many parts an SMS has: the same rules as internal/channel/sms/segments.go
// (3GPP TS 23.038, TS 23.040), so that the count under a text is what the server sends.

export interface Segments {
  /** UCS-2; else the GSM 7-bit alphabet. */
  unicode: boolean
  /** Septets, or UTF-16 units. */
  units: number
  /** 0 for an empty text. */
  parts: number
  /** Units left in the last part. */
  left: number
}

/** Units in a message that stands alone, and in each part of a longer one: a header takes the rest. */
const room = { gsm: { alone: 160, part: 153 }, ucs: { alone: 70, part: 67 } } as const

const basic = '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'

/** These take an escape before them. */
const extended = '^{}\\[~]|€\f'

const gsm = new Map<string, number>([...[...basic].map((c) => [c, 1] as const), ...[...extended].map((c) => [c, 2] as const)])

/** The most characters of an SMS: what lies beyond stands in the pages. */
const most = 1500

/** A message as it goes by SMS (internal/service/delivery/plain.go): the organisation's name first, a link to the pages last. */
export function smsText(organisation: string, subject: string, body: string, link = ''): string {
  const end = link && '\n' + link
  const text = `${organisation}: ${subject.trim() ? subject.trim() + '\n' : ''}${body.trim()}`
  return shorten(text, most - [...end].length, '...') + end
}

/** A character is never cut in two: an extended one, or a surrogate pair, that does not fit moves to the next part. */
export function segments(text: string): Segments {
  const characters = [...text]
  const unicode = characters.some((c) => !gsm.has(c))
  const { alone, part } = unicode ? room.ucs : room.gsm
  const widths = characters.map((c) => (unicode ? c.length : gsm.get(c)!))
  const units = widths.reduce((sum, w) => sum + w, 0)
  if (units === 0) return { unicode, units, parts: 0, left: alone }
  if (units <= alone) return { unicode, units, parts: 1, left: alone - units }
  let parts = 1
  let used = 0
  for (const w of widths) {
    if (used + w > part) {
      parts++
      used = 0
    }
    used += w
  }
  return { unicode, units, parts, left: part - used }
}

/** What stands for characters outside the GSM alphabet without changing what is said. Letters are never replaced. */
const plainer: Record<string, string> = {
  '-': '\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2022\u00b7',
  "'": '\u2018\u2019\u201a\u201b\u2032\u00b4`',
  '"': '\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb',
  '...': '\u2026',
  ' ': '\u00a0\u2002\u2003\u2007\u2009\u200a\u202f',
  '': '\u200b\ufeff\u00ad\u2060',
  x: '\u00d7',
}

const standIns = new Map(Object.entries(plainer).flatMap(([plain, of]) => [...of].map((c) => [c, plain] as const)))

/** The text with plain characters in place of those that make its SMS longer, where there are any. Letters with marks of their own become one letter. */
export const replaced = (text: string): string => [...text.normalize('NFC')].map((c) => standIns.get(c) ?? c).join('')

/** The characters of a text that are not in the GSM alphabet, each once. */
export const foreign = (text: string): string[] => [...new Set([...text].filter((c) => !gsm.has(c)))]
