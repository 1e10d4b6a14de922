// What the REST contract (internal/api/README.md, "People and groups") says about groups and the people in them.

import type { Presence, Progress } from '../../lib/types'
import type { Blocked, GroupKind, GroupMark, MessageItem } from '../conversation/types'

export type { Blocked, GroupKind, GroupMark }

/** A named set of candidates. `policy`: '' as the organisation says, else open or closed. */
export interface GroupDetail {
  id: string
  kind: GroupKind
  name: string
  external_id: string
  starts_at?: string | null
  ends_at?: string | null
  place?: string
  counts: { people: number; by_state?: Record<string, number> }
  policy?: { replies: string; starts: string }
  /** Expected reply time, 0 for none. */
  reply_minutes: number
}

export interface Person {
  id: string
  name: string
  given_name: string
  family_name: string
  external_id: string
  email?: string
  phone?: string
  address?: string
  city?: string
  postcode?: string
  tags?: string[]
  skills?: string[]
  /** What the organisation knows besides, under names of its own. */
  fields?: Record<string, string>
  /** The standing: active, invited, locked. */
  state: string
  presence: Presence
  /** Why this person cannot be written to, here. */
  blocked?: Blocked | null
  /** In the group that was asked for. */
  enrolment?: { state?: string; room?: string; seat?: string } | null
  groups?: GroupMark[]
}

export interface Enrolment {
  group: GroupMark
  state?: string
  progress?: Progress | ''
  room?: string
  seat?: string
  starts_at?: string | null
  ends_at?: string | null
  place?: string
}

export interface Unavailable {
  id: string
  starts_at: string
  ends_at: string
  group?: GroupMark | null
}

export interface Profile {
  person: Person
  enrolments: Enrolment[]
  unavailable: Unavailable[]
}

/** What there is to filter by. */
export interface PeopleFacets {
  tags: string[]
  skills: string[]
  cities: string[]
  states: string[]
  fields: Record<string, string[]>
}

export interface Reply {
  person: { id: string; name: string }
  message: MessageItem
}
