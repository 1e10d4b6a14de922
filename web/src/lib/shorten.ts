/**
 * Cuts texts without cutting a character in half: an emoji of several code points, a family, a flag
 * or a letter with its marks stays whole or goes. The server does the same (internal/shorten); both
 * are tested with internal/shorten/testdata/cases.json.
 */
let characters: Intl.Segmenter | undefined

/** Code points in a text, as the server counts. */
const count = (text: string): number => {
  let n = 0
  for (const _ of text) n++ // eslint-disable-line @typescript-eslint/no-unused-vars
  return n
}

/** The longest beginning with whole characters and at most `most` code points. */
export function clip(text: string, most: number): string {
  if (text.length <= most) return text
  // Plain letters need no look: one unit is one character.
  if (/^[ -~]*$/.test(text.slice(0, most + 1))) return text.slice(0, most)
  let left = most
  let kept = ''
  if (typeof Intl.Segmenter !== 'function') {
    for (const point of text) if (left-- > 0) kept += point
    return kept
  }
  characters ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  for (const { segment } of characters.segment(text)) {
    left -= count(segment)
    if (left < 0) break
    kept += segment
  }
  return kept
}

/** The text, or its beginning and `mark` with together at most `most` code points. */
export function shorten(text: string, most: number, mark = '…'): string {
  if (text.length <= most || count(text) <= most) return text
  return clip(text, most - count(mark)) + mark
}
