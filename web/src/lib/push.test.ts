import { expect, test } from 'vitest'
import { keyBytes } from './push'

test('a key in base64url becomes its bytes', () => {
  expect([...keyBytes('BP-_AQ')]).toEqual([4, 255, 191, 1])
})
