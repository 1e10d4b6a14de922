/** What a close code means for coming back: the table of internal/protocol/README.md. */

export type Closing =
  | { back: 'jitter' }
  /** Re-read the page's state, then come back. */
  | { back: 'fresh' }
  /** Not before 30 s. */
  | { back: 'slowly' }
  /** At the time that `bye` gave; with jitter if it gave none. */
  | { back: 'as_told' }
  | { back: 'never'; stop: Stop }

export type Stop = 'signed_out' | 'refused' | 'outdated'

export function closing(code: number): Closing {
  switch (code) {
    case 4400:
      return { back: 'fresh' }
    case 4401:
      return { back: 'never', stop: 'signed_out' }
    case 4403:
      return { back: 'never', stop: 'refused' }
    case 4406:
      return { back: 'never', stop: 'outdated' }
    case 4408:
      return { back: 'jitter' }
    case 4429:
      return { back: 'slowly' }
    case 4503:
      return { back: 'as_told' }
    default:
      // 1000–1015, 4500–4599 and whatever a newer server invents.
      return { back: 'jitter' }
  }
}

/**
 * Milliseconds to wait before try number `attempt` (0 = the first after a loss): 0.3–1.5 s, then anything up to a ceiling
 * that doubles from 3 s to 20 s. `random` is in [0, 1).
 */
export function delay(attempt: number, random: () => number): number {
  if (attempt <= 0) return Math.round(300 + 1200 * random())
  const ceiling = Math.min(20_000, 1500 * 2 ** attempt)
  return Math.round(300 + (ceiling - 300) * random())
}

/** Milliseconds to wait after "too many": 30–60 s. */
export const slowDelay = (random: () => number): number => Math.round(30_000 + 30_000 * random())
