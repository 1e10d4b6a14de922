/** Languages that are offered: those of Europe's Latin, Greek and Cyrillic scripts, as BCP 47 tags. */
const offered = [
  'bg', 'bs', 'ca', 'cs', 'cy', 'da', 'de', 'de-u-co-phonebk', 'el', 'en', 'es', 'et', 'eu', 'fi', 'fo', 'fr', 'ga', 'gl', 'hr', 'hu', 'is', 'it', 'lt', 'lv',
  'mk', 'mt', 'nb', 'nl', 'nn', 'pl', 'pt', 'ro', 'ru', 'se', 'sk', 'sl', 'sq', 'sr', 'sv', 'tr', 'uk',
]

/** The choices by name, with the one that is stored. */
export function languages(stored: string): { value: string; label: string }[] {
  const names = new Intl.DisplayNames('en', { type: 'language' })
  const label = (tag: string) => (tag === 'de-u-co-phonebk' ? `${names.of('de')} (phone book)` : (names.of(tag) ?? tag))
  return [...new Set([...offered, stored])].map((value) => ({ value, label: label(value) })).sort((a, b) => a.label.localeCompare(b.label, 'en'))
}
