// What the REST contract (internal/api/README.md, "Conversations") says about a
// conversation; its items are described with the frames that carry them.

import type { Attachment } from '../../protocol/frames'
import type { Author, GroupMark, Item, Named, TeamState } from '../../protocol/items'
import type { Presence } from '../../lib/types'
import type { Copied } from '../deliveries/types'

export type { AssignedFrame, Attachment, ConversationFrame, GroupKind, MentionFrame, ReadFrame, TeamFrame, TypingFrame } from '../../protocol/frames'
export type { About, Author, EventItem, GroupMark, Item, MessageItem, Named, NoteItem, TeamMessage, TeamState } from '../../protocol/items'

export type Group = GroupMark

/** Why someone cannot be written to. `invited` shows a triangle, the others a lock. */
export type Blocked = { code: string; text: string }

/** A conversation as lists and the head of a window show it. */
export type Row = Omit<TeamState, 'assigned' | 'processed_at'> & {
  processed_at?: string | null
  assigned?: (Named & { at: string }) | null
  person: { id: string; name: string; given_name: string; family_name: string; external_id: string; presence: Presence; state: string }
  last?: { id: string; type: 'message' | 'broadcast'; direction: 'in' | 'out'; via?: 'app' | 'email' | 'sms'; at: string; line: string; from: string } | null
  last_received_at?: string | null
  last_sent_at?: string | null
  waiting_since?: string | null
  /** When an answer is expected, by the group's expected reply time. */
  reply_due?: string
  /** When I am reminded. */
  remind_at?: string
  unread: boolean
  blocked?: Blocked | null
  groups: GroupMark[]
  /** The copies that staff last chose here; absent: nobody has chosen, so that the organisation's default holds. */
  channels?: Copied[] | null
}

export type Colleague = Named & { role: string; presence: Presence }

export type Canned = { id: string; title: string; shortcut?: string; subject?: string; body: string; shared: boolean }

export type Document = Attachment & { at: string; from: Author; direction: 'in' | 'out'; message: string }

export type ConversationPage = { conversation: Row; items: Item[]; next?: string }
