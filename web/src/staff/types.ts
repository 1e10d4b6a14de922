// What the REST contract (internal/api/README.md) says about the staff's resources.

import type { Presence, Progress, ReceiptState } from '../lib/types'

import type { GroupKind } from '../protocol/frames'
import type { CopyState, GroupMark } from '../protocol/items'

export type { Presence, Progress, ReceiptState }

export const progresses: readonly Progress[] = ['in_progress', 'not_started', 'submitted']
export const presences: readonly Presence[] = ['online', 'away', 'unresponsive', 'unknown', 'offline']

export interface Test {
  id: string
  name: string
  external_id: string
  starts_at: string | null
  ends_at: string | null
  state: string
  rooms: string[]
  counts: { candidates: number; not_started: number; in_progress: number; submitted: number; online: number }
  /** The reach through the test has ended: what was sent in it can be read, nothing else. */
  sendings_only?: boolean
}

/** One test as its Monitor needs it. `my_rooms` null means every room. */
export interface TestDetail extends Test {
  my_rooms: string[] | null
  may_send: boolean
}

export interface Candidate {
  id: string
  name: string
  given_name: string
  family_name: string
  external_id: string
  progress: Progress
  progress_at: string | null
  presence: Presence
  last_seen_at: string | null
  room: string
  seat: string
  extra_minutes: number
  tags: string[]
  /** Other groups that they are in, of those that one sees. */
  groups: GroupMark[]
  /** Messages not yet delivered to this candidate. */
  waiting: number
}

/** The filter as the server takes it. An absent part does not narrow. */
export interface WireFilter {
  q?: string
  progress?: Progress[]
  presence?: Presence[]
  room?: string[]
  seat?: string[]
  extra_time?: boolean
  tag?: string[]
  group?: string[]
}

export type Recipients = { people: string[] } | { filter: WireFilter }

export interface BroadcastCounts {
  recipients: number
  delivered: number
  displayed: number
  acknowledged: number
  told: number
}

export interface Broadcast {
  id: string
  subject: string
  body: string
  level: string
  at: string
  sender: { id: string; name: string; role: string }
  /** The group it went to, of any kind; its id is '' for a sending outside groups. */
  test: { id: string; name: string }
  /** Of that group. */
  kind?: GroupKind
  reminds?: string | null
  /** The answer to a reminder: this one had just been sent to all of them. */
  merged?: boolean
  counts: BroadcastCounts
  /** Which of several sendings it is, where its people are too many for one. */
  part?: { n: number; of: number; total: number; ids: string[] } | null
  /** Whom it could not go to, and why. */
  left_out?: { id: string; name: string; reason: { code: string; text: string } }[]
}

export interface TicketMaker {
  kind: string
  name: string
}

export interface Recipient {
  id: string
  name: string
  external_id: string
  room: string
  seat: string
  presence: Presence
  state: ReceiptState
  delivered_at: string | null
  displayed_at: string | null
  acknowledged_at: string | null
  /** Not displayed: their page keeps it until the test that they sit is over. */
  in_test?: boolean
  told?: { at: string; by: string; note: string } | null
  /** Where they sat when it was sent, if elsewhere. */
  was?: { room: string; seat: string } | null
  /** The latest reminder since. */
  reminded?: { at: string; by: string; times: number } | null
  /** Why one cannot remind them; "room": nor note that they were told in person. */
  blocked?: { code: string; text: string } | null
  /** Of states that came through a ticket which somebody else made: who made it. */
  by_ticket_of?: Partial<Record<ReceiptState, TicketMaker>> | null
  /** How its copies stand. */
  deliveries?: CopyState[] | null
  /** Which sending it went to them with, where several are shown together. */
  broadcast?: string
}

export interface LogEntry {
  id: string
  kind: string
  at: string
  actor: { name: string; role: string; kind: string }
  test?: { id: string; name: string } | null
  summary: string
  subject?: string
  body?: string
  recipients_count?: number
  hash: string
  /** Only in the answer for one entry. */
  recipients?: { id: string; name: string; external_id: string; room: string }[]
  /** The same, of entries that are no sendings: what it says of each of them. */
  people?: { id: string; name: string; external_id: string; what: string }[]
}

export interface Verification {
  entries: number
  ok: boolean
  head_hash: string
  first_bad?: string | number | null
}
