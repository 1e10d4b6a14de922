// What the REST contract (internal/api/README.md, "Copies by email and SMS, and what
// comes back") says about copies.

import type { CopyState, Named } from '../../protocol/items'

export type { CopyState }

/** A way by which staff can send a copy. */
export type Copied = 'email' | 'sms'
export type Channel = CopyState['channel']

export const copied: readonly Copied[] = ['email', 'sms']
export const channels: readonly Channel[] = ['email', 'sms', 'push']

export type DeliveryState = CopyState['state']
export const states: readonly DeliveryState[] = ['waiting', 'sending', 'sent', 'delivered', 'failed', 'suppressed', 'cancelled']

/** What the server can do at all. */
export interface Channels {
  email: { enabled: boolean; from?: string }
  sms: { enabled: boolean; provider?: string }
  push: { enabled: boolean; key?: string }
}

/** Where a copy would go, or why it would not; with `until` it waits. */
export interface PlanCopy {
  address?: string
  reason?: string
  until?: string
}

/** What one channel would do. Those who wait are among `to`. */
export interface PlanChannel {
  to: number
  parts?: number
  not: { reason: string; count: number }[]
}

export interface PlanPerson {
  id: string
  name: string
  email?: PlanCopy
  sms?: PlanCopy
}

export interface Plan {
  counts: { people: number; app: number; email: number; sms: number }
  /** It will not stand on the candidates' pages. */
  elsewhere?: boolean
  email: PlanChannel
  sms: PlanChannel
  people?: PlanPerson[]
}

export interface Attempt {
  n: number
  at: string
  outcome: string
  code?: string
  detail?: string
}

export interface Delivery {
  id: string
  kind: 'message' | 'notify' | 'mention' | 'export' | (string & {})
  channel: Channel
  person?: Named
  address: string
  state: DeliveryState
  reason?: string
  detail?: string
  due_at?: string | null
  attempts: Attempt[]
  parts?: number
  message?: string
}

export interface Unmatched {
  id: string
  channel: Copied
  sender: string
  recipient: string
  subject?: string
  body: string
  received_at: string
  why: string
  files: { name: string; size: number }[] | null
  suggestions: Named[] | null
  /** The address of the mail as it came. */
  original?: string
  /** The original holds text that the body lacks, or may do so. */
  cut?: boolean
  /** A mail whose sender nobody vouches for. */
  unverified?: boolean
  /** Who of the staff typed it on the Outbox page. */
  trial?: Named
}

/** What one way in has refused for one reason, in the last days. */
export interface Refused {
  source: string
  reason: string
  count: number
  detail?: string
  last_at: string
}

export interface Captured {
  id: string
  channel: Copied
  person?: Named
  from: string
  to: string
  subject?: string
  text: string
  at: string
  parts?: number
}

export interface Consents {
  sms: 'in' | 'out' | ''
  history: { at: string; state: 'in' | 'out' | ''; source: string; words: string; by?: string }[]
}
