// What the REST contract (internal/api/README.md, "Conversations") and the socket
// contract (internal/protocol/README.md) say about conversations.

import type { Presence } from '../../lib/types'

export type Named = { id: string; name: string }
export type Group = { id: string; kind: GroupKind; name: string; state?: string }
export type GroupKind = 'test' | 'pool' | 'job' | 'activity'
export type Processed = 'open' | 'processed' | 'none'

/** Why someone cannot be written to. `invited` shows a triangle, the others a lock. */
export type Blocked = { code: string; text: string }

/** A conversation as lists and the head of a window show it. */
export type Row = {
  person: { id: string; name: string; given_name: string; family_name: string; external_id: string; presence: Presence; state: string; phone?: string; email?: string }
  last?: { id: string; type: 'message' | 'broadcast' | 'note' | 'event'; direction: 'in' | 'out'; at: string; line: string; from: string } | null
  last_received_at?: string | null
  last_sent_at?: string | null
  waiting_since?: string | null
  unread: boolean
  processed: Processed
  processed_by?: string
  processed_at?: string | null
  archived: boolean
  assigned?: (Named & { at: string }) | null
  blocked?: Blocked | null
  groups: Group[]
}

export type Attachment = { id: string; name: string; type: string; size: number; width?: number; height?: number; picture: boolean }

/** What a candidate wrote about an assignment. `state` is the assignment's now; `deletion` is what an undo names. */
export type About = { kind: 'question' | 'unavailable'; group: Group; starts_at?: string | null; ends_at?: string | null; state?: string; deletion?: string }

export type Author = { id?: string; name: string; role?: string }

export type MessageItem = {
  type: 'message'
  id: string
  direction: 'in' | 'out'
  group?: Group | null
  subject?: string
  body: string
  from: Author
  at: string
  /** It came with a sending to many; `recipients`: how many. */
  broadcast?: string
  recipients?: number
  attachments?: Attachment[]
  reply_to?: string
  about?: About | null
  times?: { delivered_at?: string | null; displayed_at?: string | null; acknowledged_at?: string | null } | null
  state?: 'queued' | 'delivered' | 'displayed' | 'acknowledged'
}

export type NoteItem = { type: 'note'; id: string; body: string; from: Author; at: string; mentions?: Named[] }

export type EventItem = {
  type: 'event'
  id: string
  event: 'processed' | 'not_processed' | 'archived' | 'unarchived' | 'assigned' | 'claimed' | 'released' | 'assignment_deleted' | 'assignment_restored' | 'available' | (string & {})
  from: Author
  at: string
  to?: Named | null
  group?: Group | null
  about?: About | null
}

export type Item = MessageItem | NoteItem | EventItem

/** The team's state of a conversation, as frames carry it. */
export type TeamState = { processed: Processed; processed_by?: string; processed_at?: string | null; archived: boolean; assigned?: (Named & { at: string }) | null }

export type Colleague = Named & { role: string; presence: Presence }

export type Canned = { id: string; title: string; shortcut?: string; subject?: string; body: string; shared: boolean }

export type Document = Attachment & { at: string; from: Author | string; direction: 'in' | 'out'; message: string }

export type ConversationPage = { conversation: Row; items: Item[]; next?: string }

export type Activity = 'typing' | 'viewing'

// ---- frames, as far as these rooms read them

export type ConversationFrame = { type: 'conversation'; conversation: string; name: string; item: Item; state: TeamState }
export type ReadFrame = { type: 'read'; people: string[]; unread: boolean }
export type TypingFrame = { type: 'typing'; conversation: string; who: Named & { kind: 'staff' | 'candidate' }; state: Activity | 'idle' }
export type PresenceFrame = { type: 'presence'; conversation: string; presence: Presence; at: string }
export type MentionFrame = { type: 'mention'; conversation: string; name: string; item: string; by: Named; line: string }
export type AssignedFrame = { type: 'assigned'; conversation: string; name: string; by: Named }
export type TeamMessage = { id: string; body: string; from: Author; at: string; mine: boolean }
export type TeamFrame = { type: 'team'; thread: string; message: TeamMessage }

export type StaffFrame = ConversationFrame | ReadFrame | TypingFrame | PresenceFrame | MentionFrame | AssignedFrame | TeamFrame
