import { vi } from 'vitest'
import { enter } from '../../src/lib/storage'

/** A browser's storage, as far as the pages use it: its keys are its own properties. */
export function emptyStorage(): Storage {
  return Object.create(
    {
      getItem(this: Record<string, string>, key: string) {
        return Object.hasOwn(this, key) ? this[key] : null
      },
      setItem(this: Record<string, string>, key: string, value: string) {
        this[key] = value
      },
      removeItem(this: Record<string, string>, key: string) {
        delete this[key]
      },
    },
  ) as Storage
}

/** Gives the test a browser without anything kept, where this person is signed in. */
export function stubStorage(person = 'me'): { local: Storage; tab: Storage } {
  const local = emptyStorage()
  const tab = emptyStorage()
  vi.stubGlobal('window', { localStorage: local, sessionStorage: tab, addEventListener() {}, removeEventListener() {} })
  enter(person)
  return { local, tab }
}
