// The order of names: by the rules of the organisation's language, whatever the browser's. The server
// sorts by the same rules (internal/domain/collation.go); both are tested with testdata/order.json.

import { session } from './session.svelte'

const collators = new Map<string, Intl.Collator>()

/** Case and accents that do not make another letter are ignored; 2 stands before 10. */
export function collatorOf(language: string): Intl.Collator {
  let found = collators.get(language)
  if (!found) {
    found = new Intl.Collator([language, 'en'], { numeric: true, sensitivity: 'base' })
    collators.set(language, found)
  }
  return found
}

/** Compares two names or labels in the organisation's language. */
export const byText = (a: string, b: string): number => collatorOf(session.me?.organisation.language ?? 'en').compare(a, b)
