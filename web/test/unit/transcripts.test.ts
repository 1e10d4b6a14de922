import { readdirSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { replay } from './replay'

const folder = new URL('../../../internal/protocol/testdata/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.txt'))

describe('golden transcripts', () => {
  beforeEach(() => void vi.useFakeTimers({ now: new Date('2026-11-21T09:00:00Z') }))
  afterEach(() => void vi.useRealTimers())

  test('are there', () => expect(files.length).toBeGreaterThan(15))

  for (const name of files) {
    test(name, async () => {
      const text = readFileSync(new URL(name, folder), 'utf8')
      expect(await replay(text)).toBe(text.includes('! only server') ? 'not for the client' : 'replayed')
    })
  }

  test('a wrong transcript fails', async () => {
    await expect(replay('! open\nC {"type":"hello","id":"2"}')).rejects.toThrow('line 2')
    await expect(replay('! open\n! state up_to_date')).rejects.toThrow('line 2')
  })
})
