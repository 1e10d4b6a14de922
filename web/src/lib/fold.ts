/**
 * How texts are compared for search. The server does the same (internal/domain/fold.go); both are tested
 * with internal/domain/testdata/search.json.
 */

const pairs = (from: string, to: string) => [...from].map((letter, n): [string, string] => [letter, [...to][n] ?? ''])

/** Letters that no decomposition takes apart, as they are typed without them, and letters that are written for each other. */
const letters = new Map<string, string>([
  ...pairs('øłđðıħŧς', 'olddihtσ'),
  ['æ', 'ae'],
  ['œ', 'oe'],
  ['ß', 'ss'],
  ['þ', 'th'],
  ...pairs('ٱىیېةکھہە', 'اييي' + 'هكههه'),
  ['ـ', ''],
  ...pairs('٠١٢٣٤٥٦٧٨٩', '0123456789'),
  ...pairs('۰۱۲۳۴۵۶۷۸۹', '0123456789'),
])

/** Letters that may be written as two. */
const spelled = new Map(Object.entries({ å: 'aa', ä: 'ae', ö: 'oe', ø: 'oe', ü: 'ue' }))

const plain = /^[ -~\s]*$/
const replaceable = new RegExp(`[${[...letters.keys()].join('')}]`, 'gu')

/** Marks of the scripts in which they may be left out, and invisible characters. Elsewhere a mark is a vowel. */
const left = /(?=\p{Mn})(?![\u3099\u309a])[\p{Script=Inherited}\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}]|\p{Cf}/gu

const lowered = (s: string): string => (plain.test(s) ? s.toLowerCase() : s.normalize('NFKC').toLowerCase().normalize('NFKC'))

const foldLower = (s: string): string =>
  plain.test(s)
    ? s
    : s
        .normalize('NFD')
        .replace(left, '')
        .normalize('NFC')
        .replace(replaceable, (l) => letters.get(l) ?? l)

const spell = (low: string): string => low.replace(/[åäöøü]/g, (l) => spelled.get(l) ?? l)

/** In compatibility form, in lower case, without accents and the differences between letters that are written for each other. */
export const fold = (s: string): string => foldLower(lowered(s))

type Kind = 'plain' | 'spaceless' | 'sign'
type Run = { text: string; gap: string; kind: Kind }

/** Words of scripts without spaces between words; one emoji or symbol; other words. */
const pieces =
  /((?:(?=[\p{L}\p{M}])[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|ー)(?:(?=[\p{L}\p{M}])[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[ー\p{M}])*)|((?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー])[\p{L}\p{M}\p{Nd}](?:(?![\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー])[\p{L}\p{Nd}]|\p{M})*)|((?=[\u2190-\u{10ffff}])\p{So}\p{M}*)/gu

function runs(folded: string): Run[] {
  const out: Run[] = []
  let end = 0
  for (const m of folded.matchAll(pieces)) {
    out.push({ text: m[0], gap: folded.slice(end, m.index), kind: m[1] !== undefined ? 'spaceless' : m[2] !== undefined ? 'plain' : 'sign' })
    end = m.index + m[0].length
  }
  return out
}

const digits = (s: string): boolean => /^[0-9]*$/.test(s)

/** Whether a run and the one before are parts of one word: a name with a hyphen, an id, a number in groups. */
const joins = (run: Run, before: Run): boolean =>
  run.kind === 'plain' &&
  before.kind === 'plain' &&
  (/^['’ʼ‘`´\-‐–]$/.test(run.gap) || (digits(run.text) && digits(before.text) && /^[ \-./()]{0,2}$/.test(run.gap)))

const maxJoined = 8

/** The longest series of runs that are parts of one word, as [from, to). */
function chains(list: readonly Run[]): [number, number][] {
  const out: [number, number][] = []
  for (let from = 0; from < list.length; ) {
    let to = from + 1
    while (to < list.length && to - from < maxJoined && joins(list[to]!, list[to - 1]!)) to++
    out.push([from, to])
    from = to
  }
  return out
}

const joined = (list: readonly Run[]): string => list.map((r) => r.text).join('')

/** Characters with their marks. */
const clusters = (s: string): string[] => s.match(/\P{M}\p{M}*|^\p{M}+/gu) ?? []

/** The pairs of neighbouring characters; `last` adds the last one alone, so that every character begins one. */
function bigrams(s: string, last: boolean): string[] {
  const c = clusters(s)
  if (c.length === 1) return c
  const out = c.slice(1).map((next, n) => c[n]! + next)
  return last ? [...out, c[c.length - 1]!] : out
}

/** An Arabic word without the article. */
function withoutArticle(word: string): string | undefined {
  const rest = /^(?:[وبكف]?ال|لل)(.+)$/u.exec(word)?.[1]
  return rest && [...rest].length >= 3 ? rest : undefined
}

/** The words by which a text is found: its words in order, then other ways to write them. */
export function words(text: string): string[] {
  const out: string[] = []
  const more: string[] = []
  const low = lowered(text)
  const list = runs(foldLower(low))
  const join = (all: readonly Run[]) => {
    for (const [from, to] of chains(all)) for (let i = from; i < to - 1; i++) more.push(joined(all.slice(i, to)))
  }
  for (const r of list) {
    if (r.kind === 'spaceless') {
      out.push(...bigrams(r.text, true))
      continue
    }
    out.push(r.text)
    const bare = withoutArticle(r.text)
    if (bare) more.push(bare)
  }
  join(list)
  const two = spell(low)
  if (two !== low) {
    const wide = runs(foldLower(two))
    for (const [i, r] of wide.entries()) if (r.text !== list[i]?.text) more.push(r.text)
    join(wide)
  }
  return [...out, ...more]
}

/** A word that is asked for: the ways in which it may be written. */
export type Term = readonly string[]

const maxBigrams = 24

/** The words that a query asks for. All must be found. */
export function terms(q: string): Term[] {
  const list = runs(fold(q))
  const wide = runs(foldLower(spell(lowered(q))))
  const same = wide.length === list.length
  const out = list.map((r, i) => new Set([r.text, withoutArticle(r.text) ?? r.text, same ? wide[i]!.text : r.text]))
  for (const [from, to] of chains(list)) {
    for (let i = from; i < to && to - from > 1; i++) {
      out[i]!.add(joined(list.slice(from, to)))
      if (same) out[i]!.add(joined(wide.slice(from, to)))
    }
  }
  return list.flatMap((r, i): Term[] => (r.kind === 'spaceless' ? bigrams(r.text, false).slice(0, maxBigrams).map((pair) => [pair]) : [[...out[i]!]]))
}

/** Whether the words hold all terms: each as the beginning of a word. */
export const holds = (have: readonly string[], asked: readonly Term[]): boolean =>
  asked.every((term) => term.some((way) => have.some((word) => word.startsWith(way))))

/** Whether every word of the query begins a word of one of the texts (domain.MatchWords). An empty query matches everything. */
export function matches(q: string, ...texts: string[]): boolean {
  if (q.trim() === '') return true
  const asked = terms(q)
  return asked.length > 0 && holds(texts.flatMap(words), asked)
}
