/** What follows from the facts of one's own tests. Pure: times are handed in. */
import type { OwnTest } from '../lib/types'

/** When a test ends for this candidate, extra time included; undefined if it has no end. */
export function endOf(test: OwnTest): number | undefined {
  return test.ends_at ? new Date(test.ends_at).getTime() + test.extra_minutes * 60_000 : undefined
}

/** The tests that the candidate sits now: started, not submitted, and not past their end. */
export function sitting(tests: readonly OwnTest[], now: number): ReadonlySet<string> {
  return new Set(tests.filter((test) => test.progress === 'in_progress' && now < (endOf(test) ?? Infinity)).map((test) => test.id))
}

/** What a candidate should be told of a change to a test that they have not submitted. */
export function changed(before: OwnTest, now: OwnTest): ('end' | 'place')[] {
  if (now.progress === 'submitted') return []
  const out: ('end' | 'place')[] = []
  if (endOf(now) !== undefined && endOf(before) !== endOf(now)) out.push('end')
  if ((now.room || now.seat) && (before.room !== now.room || before.seat !== now.seat)) out.push('place')
  return out
}
