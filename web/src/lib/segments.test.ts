import { expect, test } from 'vitest'
import { foreign, replaced, type Segments, segments, smsText } from './segments'

/** The cases of internal/channel/sms: the page counts what the server sends. */
const cases: [name: string, text: string, want: Partial<Segments>][] = [
  ['nothing', '', { left: 160 }],
  ['one', 'a', { units: 1, parts: 1, left: 159 }],
  ['full', 'a'.repeat(160), { units: 160, parts: 1 }],
  ['one more', 'a'.repeat(161), { units: 161, parts: 2, left: 145 }],
  ['two full', 'a'.repeat(306), { units: 306, parts: 2 }],
  ['three', 'a'.repeat(307), { units: 307, parts: 3, left: 152 }],
  ['nordic letters are in the alphabet', 'æøåÆØÅ'.repeat(26), { units: 156, parts: 1, left: 4 }],
  ['euro takes two', '€'.repeat(80), { units: 160, parts: 1 }],
  ['euro is not cut in two', 'a'.repeat(152) + '€' + 'a'.repeat(10), { units: 164, parts: 2, left: 141 }],
  ['one foreign letter changes all', 'ł' + 'a'.repeat(69), { unicode: true, units: 70, parts: 1 }],
  ['arabic', 'م'.repeat(71), { unicode: true, units: 71, parts: 2, left: 63 }],
  ['emoji takes two', '😀'.repeat(35), { unicode: true, units: 70, parts: 1 }],
  ['emoji is not cut in two', 'é😀'.repeat(24), { unicode: true, units: 72, parts: 2, left: 62 }],
]

test.each(cases)('%s', (_, text, want) => {
  expect(segments(text)).toEqual({ unicode: false, units: 0, parts: 0, left: 0, ...want })
})

test('what goes by SMS: the organisation, the subject, the text, the link; cut where it is too long', () => {
  expect(smsText('Demo', '', ' Hello \n')).toBe('Demo: Hello')
  expect(smsText('Demo', ' Doors ', 'Open at eight', 'https://x.example/')).toBe('Demo: Doors\nOpen at eight\nhttps://x.example/')
  const long = smsText('Demo', '', '😀'.repeat(2000), 'https://x.example/')
  expect([...long].length).toBe(1500)
  expect(long.endsWith('😀...\nhttps://x.example/')).toBe(true)
})

test('characters that make an SMS longer, and what stands for them', () => {
  const text = 'Vi møtes 8–9, “C3” … det er Kari’s vakt'
  expect(foreign(text)).toEqual(['–', '“', '”', '…', '’'])
  expect(replaced(text)).toBe('Vi møtes 8-9, "C3" ... det er Kari\'s vakt')
  expect(segments(replaced(text)).unicode).toBe(false)
  expect(replaced('cafe\u0301')).toBe('café')
  // Letters and pictures stay as they are.
  expect(replaced('Łukasz 😀')).toBe('Łukasz 😀')
  expect(foreign('Łukasz 😀😀')).toEqual(['Ł', '😀'])
})
