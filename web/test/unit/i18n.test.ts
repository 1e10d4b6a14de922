import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { candidateByLanguage } from '../../src/i18n/candidate'
import { common, commonByLanguage, t, word } from '../../src/i18n/common'
import { absolute, duration, relative, short, time } from '../../src/i18n/format'
import { choose, languages } from '../../src/i18n/locale.svelte'
import { staffByLanguage } from '../../src/i18n/staff'
import { fill, plural, type Dictionary, type Text } from '../../src/i18n/translate.svelte'

const parts: Record<string, Record<string, Dictionary>> = { common: commonByLanguage, candidate: candidateByLanguage, staff: staffByLanguage }
const holes = (text: Text) => [...new Set(Object.values(typeof text === 'string' ? { other: text } : text).flatMap((one) => [...one.matchAll(/\{(\w+)\}/g)].map((m) => m[1])))].sort()

describe('dictionaries', () => {
  for (const [part, byLanguage] of Object.entries(parts)) {
    for (const language of Object.keys(languages)) {
      test(`${part} is complete in ${language}`, () => {
        const english = byLanguage.en!
        const translated = byLanguage[language]
        expect(Object.keys(translated ?? {}).sort()).toEqual(Object.keys(english).sort())
        for (const [key, text] of Object.entries(english)) {
          const other = translated![key]!
          expect(typeof other, key).toBe(typeof text)
          expect(holes(other), key).toEqual(holes(text))
          if (typeof other === 'object') {
            const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories
            expect(Object.keys(other).sort(), key).toEqual([...needed].sort())
          }
        }
      })
    }
  }

  test('every string is used, and every page takes its strings from here', () => {
    const sources = files(new URL('../../src/', import.meta.url))
    const text = sources.filter(({ path }) => !path.includes('/i18n/')).map(({ text }) => text).join('\n')
    const built = ['role.', 'progress.', 'state.', 'presence.', 'kind.']
    const unused = Object.keys({ ...common, ...candidateByLanguage.en }).filter((key) => !text.includes(`'${key}'`) && !built.some((start) => key.startsWith(start)) && !dynamic(key, text))
    expect(unused).toEqual([])
  })
})

/** Keys that a page builds: `signin.missing.${name}`. */
function dynamic(key: string, text: string): boolean {
  const start = key.slice(0, key.lastIndexOf('.') + 1)
  return text.includes('`' + start + '${')
}

function files(folder: URL): { path: string; text: string }[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(svelte|ts)$/.test(entry.name) && !entry.name.endsWith('.test.ts'))
    .map((entry) => ({ path: `${entry.parentPath}/${entry.name}`, text: readFileSync(`${entry.parentPath}/${entry.name}`, 'utf8') }))
    .concat({ path: 'common', text: readFileSync(new URL('./i18n/common.ts', folder), 'utf8').split('export const t')[1] ?? '' })
}

describe('filling', () => {
  test('values, numbers in the locale, and a hole without a value stays', () => {
    expect(fill('{a} of {b}, {c}', { a: 'x', b: 1500 }, 'en-GB')).toBe('x of 1,500, {c}')
  })
  test('plurals by the language’s own rules', () => {
    const text = { one: '1', two: '2', few: 'few', many: 'many', other: 'other', zero: '0' }
    expect([0, 1, 2, 3, 11, 100].map((n) => plural(text, n, 'ar'))).toEqual(['0', '1', '2', 'few', 'many', 'other'])
    expect(t('field.left', { count: 1 })).toBe('1 character left')
    expect(t('field.left', { count: 2 })).toBe('2 characters left')
  })
  test('a word for a code; a code that is new to this page stands for itself', () => {
    expect(word('role', 'chief_invigilator')).toBe('Chief invigilator')
    expect(word('role', 'dean')).toBe('dean')
  })
})

test('the first language that we have', () => {
  expect(choose(['xx-YY', 'en-US'])).toBe('en')
  expect(choose(['xx'])).toBe('en')
  expect(choose([])).toBe('en')
})

describe('times', () => {
  const now = new Date(2026, 10, 21, 9, 41, 7).getTime()
  const ago = (seconds: number) => new Date(now - seconds * 1000)
  test.each([
    [0, 'now'],
    [44, 'now'],
    [60, '1 min ago'],
    [59 * 60, '59 min ago'],
    [2 * 3600, '07:41'],
    [-20, 'now'],
    [-3600, '10:41'],
  ])('%i s ago → %s', (seconds, want) => expect(relative(ago(seconds), now, 'en-GB')).toBe(want))
  test('short: today, yesterday, this year, before', () => {
    expect(short(ago(0), now, 'en-GB')).toBe('09:41')
    expect(short(ago(86_400), now, 'en-GB')).toBe('Yesterday 09:41')
    expect(short(new Date(2026, 2, 1, 8, 0), now, 'en-GB')).toBe('1 Mar 08:00')
    expect(short(new Date(2025, 2, 1, 8, 0), now, 'en-GB')).toBe('1 Mar 2025')
  })
  test('24 hours in any English', () => expect(time(new Date(2026, 1, 1, 0, 5), 'en-US')).toBe('00:05'))
  test('absolute names everything', () => expect(absolute(now, 'en-GB')).toMatch(/Sat,? 21 Nov 2026,? (at )?09:41:07/))
  test.each([
    [0, '00:00'],
    [-5, '00:00'],
    [1, '00:01'],
    [61_000, '01:01'],
    [3_600_000, '1:00:00'],
    [36_061_000, '10:01:01'],
  ])('countdown of %i ms → %s', (ms, want) => expect(duration(ms)).toBe(want))
})
