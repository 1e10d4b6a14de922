/** What stands in a conversation as staff see it: the Item of internal/api/README.md, in answers and in frames alike. Types only. */
import type { Attachment, GroupKind, GroupName, ReceiptName } from './frames'

export type Named = { id: string; name: string }
export type Author = { id?: string; name: string; role: string }

/** A group, and where the candidate stands in it. */
export type GroupMark = GroupName & { state?: string; /** In rows of conversations. */ reply_minutes?: number }

/** What a candidate wrote about an assignment. `state`: of the assignment now; `deletion`: what an undo names. */
export type About = { kind: 'question' | 'unavailable'; group: GroupMark; starts_at?: string | null; ends_at?: string | null; state?: string; deletion?: string }

/** How far one copy of a message has come: by email, SMS or push. */
export type CopyState = {
  channel: 'email' | 'sms' | 'push'
  state: 'waiting' | 'sending' | 'sent' | 'delivered' | 'failed' | 'suppressed' | 'cancelled'
  reason?: string
  at?: string
}

export type MessageItem = {
  type: 'message'
  id: string
  direction: 'in' | 'out'
  group?: GroupMark
  subject?: string
  body: string
  from: Author
  at: string
  /** It came with a sending to many. */
  broadcast?: string
  attachments?: Attachment[]
  reply_to?: string
  about?: About
  times?: { delivered_at?: string | null; displayed_at?: string | null; acknowledged_at?: string | null }
  /** Why it is never delivered on screen any more. */
  stopped?: { code: string; text: string }
  state?: 'queued' | ReceiptName
  deliveries?: CopyState[] | null
  /** What a candidate's came by. */
  via?: 'app' | 'email' | 'sms'
  /** Who of the staff typed it on the Outbox page, in the candidate's place. */
  /** A program of the candidate's wrote it: nothing is unread, nobody waits. */
  automatic?: boolean
  /** A mail whose sender nobody vouches for. */
  unverified?: boolean
  trial?: Named
  /** The address of the mail as it came; absent once it is kept no longer. */
  original?: string
  /** The original holds text that the body lacks, or may do so. */
  cut?: boolean
}

export type NoteItem = { type: 'note'; id: string; group?: { id: string; kind: string; name: string }; body: string; from: Author; at: string; mentions: Named[] }

export type EventName =
  | 'processed'
  | 'not_processed'
  | 'archived'
  | 'unarchived'
  | 'snoozed'
  | 'unsnoozed'
  | 'assigned'
  | 'claimed'
  | 'released'
  | 'assignment_deleted'
  | 'assignment_restored'
  | 'unavailable'
  | 'available'

export type EventItem = { type: 'event'; id: string; event: EventName; from: Author; at: string; to?: Named; group?: GroupMark; about?: About; starts_at?: string; until?: string }

export type Item = MessageItem | NoteItem | EventItem

/** What of a conversation is the team's. `assigned` absent: nobody's. A field that is absent is not so. */
export type TeamState = {
  processed: 'open' | 'processed' | 'none'
  processed_by?: string
  processed_at?: string
  archived: boolean
  /** Hidden from the inbox until then, or until the candidate writes. */
  snoozed?: { until: string; by: string }
  assigned?: Named & { at: string }
}

/** `mine` is not said in frames, which go to everybody: compare `from.id`. */
export type TeamMessage = { id: string; body: string; from: Author; at: string; mine?: boolean }

/** Times absent: not yet. */
export type Export = {
  id: string
  state: 'waiting' | 'running' | 'ready' | 'failed' | 'cancelled'
  done: number
  total: number
  size: number
  created_at: string
  expires_at?: string | null
  error?: string
}

export type { Attachment, GroupKind, GroupName }
