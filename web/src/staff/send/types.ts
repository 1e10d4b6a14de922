import type { Presence } from '../../lib/types'
import type { Blocked } from '../conversation/types'
import type { Plan } from '../deliveries/types'

/** Who would get a sending, before it is sent: of a test, or of the people outside tests. */
export interface Reach {
  recipients: readonly Reached[]
  counts: { total: number; online: number; away: number; unresponsive: number; unknown: number; offline: number; /** Of a test. */ submitted?: number }
  left_out: readonly LeftOut[]
  /** Most recipients of one sending. */
  limit: number
  /** Sendings that it takes, and how many of them may be asked for. */
  parts: number
  max_parts: number
  /** Of the copies, where some were asked about. */
  plan?: Plan | null
}

export interface Reached {
  id: string
  name: string
  presence: Presence
  /** Where they sit, in a test. */
  room?: string
  seat?: string
}

/** Somebody who would not be reached, and why. `name`: '' for somebody who is not of one's own. */
export interface LeftOut {
  id: string
  name: string
  reason: Blocked
}
