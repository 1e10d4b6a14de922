/**
 * All that the pages keep in this browser. Every key belongs to the person who is signed in: a reload, or signing in
 * again as the same person, finds it; signing out, or another person's signing in, removes it. No other file touches
 * localStorage or sessionStorage (storage.test.ts).
 */

/** What a person's kept things are reached by. Names need not carry the person: the key does. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** Earlier versions began their keys with it too. */
const ours = 'crier'
/** Who is signed in, in all tabs of this browser. */
const who = 'crier:who'

let owner = ''
const areas = { local: () => window.localStorage, tab: () => window.sessionStorage } as const

const keyOf = (name: string) => `${ours}:${owner}:${name}`

function own(area: () => Storage): Store {
  return {
    getItem: (name) => (owner ? area().getItem(keyOf(name)) : null),
    setItem: (name, value) => {
      if (owner) area().setItem(keyOf(name), value)
    },
    removeItem: (name) => {
      if (owner) area().removeItem(keyOf(name))
    },
  }
}

/** Lasts until signing out, in all tabs. Like the browser's own it throws where storage is denied or full. */
export const local: Store = own(areas.local)

/** Lasts as long as the tab, and until signing out. */
export const tab: Store = own(areas.tab)

/** Removes what is ours, but for what belongs to the person who is signed in. */
function purge(): void {
  for (const area of Object.values(areas)) {
    try {
      const store = area()
      for (const key of Object.keys(store)) if (key.startsWith(ours) && !(owner && (key === who || key.startsWith(keyOf(''))))) store.removeItem(key)
    } catch {
      // storage is denied: nothing is kept
    }
  }
}

/** This person is signed in here: what others left goes. */
export function enter(person: string): void {
  owner = person
  purge()
  try {
    areas.local().setItem(who, person)
  } catch {
    // as above
  }
}

/** The person has signed out: nothing stays, and nothing more is kept. */
export function leave(): void {
  owner = ''
  purge()
}

/** Calls back when another tab of this browser signs out ('') or signs another person in. Returns how to stop. */
export function onOther(told: (person: string) => void): () => void {
  const changed = (event: StorageEvent) => {
    const person = event.newValue ?? ''
    if (event.key === who && owner && person !== owner) told(person)
  }
  window.addEventListener('storage', changed)
  return () => window.removeEventListener('storage', changed)
}
