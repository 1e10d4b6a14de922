// Keeps the list still while someone points at it. What a row says always
// changes at once; which rows there are, and in what order, waits until the
// pointer has left, so that a click never lands on another person.

/** Anything that is known by an id. */
interface Known {
  id: string
}

export interface Steady<R extends Known> {
  rows: readonly R[]
  /** How many rows would come, go or move if the list were let go. */
  pending: number
  /** Rows still shown though they no longer match. */
  stale: ReadonlySet<string>
}

const nobody: ReadonlySet<string> = new Set()

/**
 * Given what was shown before and what should be shown now, says what to show.
 * With hold false that is simply `wanted`. With hold true it is the rows of
 * before, in their places, with the newest content of each.
 */
export function steady<R extends Known>(
  before: readonly R[],
  wanted: readonly R[],
  hold: boolean,
  find: (id: string) => R | undefined,
): Steady<R> {
  if (!hold) return { rows: wanted, pending: 0, stale: nobody }
  const rows: R[] = []
  for (const b of before) {
    const now = find(b.id)
    if (now) rows.push(now)
  }
  const place = new Map(wanted.map((c, i) => [c.id, i]))
  const stale = new Set(rows.filter((r) => !place.has(r.id)).map((r) => r.id))
  const kept = rows.filter((r) => !stale.has(r.id))
  const keptIds = new Set(kept.map((r) => r.id))
  const target = wanted.filter((w) => keptIds.has(w.id))
  let moved = 0
  kept.forEach((r, i) => {
    if (target[i]?.id !== r.id) moved++
  })
  const come = wanted.length - target.length
  return { rows, pending: come + stale.size + moved, stale }
}
