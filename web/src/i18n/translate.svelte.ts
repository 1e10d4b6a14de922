/**
 * Strings come from dictionaries, one per part of the product (common, candidate, staff), written in English first.
 * A key's English text decides which values it needs: `t('inbox.from', { name })` does not compile without `name`.
 * Plurals are written as `{ one: '…', other: '…' }` and chosen by `count` with Intl.PluralRules.
 */
import { locale } from './locale.svelte'

export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }
export type Text = string | Plural
export type Dictionary = Record<string, Text>

/** What a translation of a dictionary looks like: the same keys; a plural stays a plural. */
export type Translation<D extends Dictionary> = { [K in keyof D]: D[K] extends string ? string : Plural }

type Holes<S> = S extends `${string}{${infer P}}${infer R}` ? P | Holes<R> : never
type HolesOf<T> = T extends string ? Holes<T> : Holes<T[keyof T]> | 'count'
type Values<T> = [HolesOf<T>] extends [never] ? [] : [values: Record<HolesOf<T>, string | number>]

export type Translate<D extends Dictionary> = <K extends keyof D & string>(key: K, ...values: Values<D[K]>) => string

/** Fills `{name}` holes. A hole without a value stays visible, so that a test or a reader sees it. */
export function fill(text: string, values: Record<string, string | number>, language: string): string {
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => {
    const value = values[name]
    if (value === undefined) return hole
    return typeof value === 'number' ? number(language).format(value) : value
  })
}

const rules = new Map<string, Intl.PluralRules>()
const numbers = new Map<string, Intl.NumberFormat>()

function number(language: string): Intl.NumberFormat {
  let found = numbers.get(language)
  if (!found) numbers.set(language, (found = new Intl.NumberFormat(language)))
  return found
}

/** Picks the plural form for a count. */
export function plural(text: Plural, count: number, language: string): string {
  let found = rules.get(language)
  if (!found) rules.set(language, (found = new Intl.PluralRules(language)))
  return text[found.select(count)] ?? text.other
}

/** Makes the `t` of one part of the product from its dictionaries by language; English is the fallback. */
export function translator<D extends Dictionary>(dictionaries: { en: D } & Record<string, Translation<D>>): Translate<D> {
  return (key, ...rest) => {
    const language = locale.language
    const text: Text = dictionaries[language]?.[key] ?? dictionaries.en[key] ?? key
    const values = (rest[0] ?? {}) as Record<string, string | number>
    const form = typeof text === 'string' ? text : plural(text, Number(values['count'] ?? 0), language)
    return fill(form, values, locale.tag)
  }
}
