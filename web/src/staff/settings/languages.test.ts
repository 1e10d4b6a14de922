import { expect, test } from 'vitest'
import { languages } from './languages'

test('languages are offered by name, and the stored one among them', () => {
  const labels = languages('nb').map((l) => l.label)
  expect(labels).toContain('Norwegian Bokmål')
  expect(labels).toContain('German (phone book)')
  expect(labels).toEqual(labels.toSorted((a, b) => a.localeCompare(b, 'en')))
  expect(languages('nb').filter((l) => l.value === 'nb')).toHaveLength(1)
  expect(languages('sv-SE')).toContainEqual({ value: 'sv-SE', label: 'Swedish (Sweden)' })
})
