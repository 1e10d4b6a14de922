import { expect, test } from 'vitest'
import { nameOf } from './name'

test('the name of a file in its answer', () => {
  expect(nameOf('attachment; filename="kart.pdf"; filename*=UTF-8\'\'kart%20p%C3%A5.pdf')).toBe('kart på.pdf')
  expect(nameOf("attachment; filename*=UTF-8''%E0%A4%A")).toBe('')
  expect(nameOf('')).toBe('')
})
