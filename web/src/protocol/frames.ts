/** Socket protocol v1, as internal/protocol/README.md describes it. Types only, and one check on the way in. */

import type { Export, Item, Named, TeamMessage, TeamState } from './items'

export type ReceiptName = 'delivered' | 'displayed' | 'acknowledged'

export type WireError = { code: string; message: string; field?: string; limit?: number; actual?: number }

export type GroupKind = 'test' | 'pool' | 'job' | 'activity'
export type GroupName = { id: string; kind: GroupKind; name: string }

/** A file of a message. `type`: media type; `size`: bytes; `picture`: it has a preview. */
export type Attachment = { id: string; name: string; type: string; size: number; width?: number; height?: number; picture: boolean }

// ---- server → client

export type Welcome = { type: 'welcome'; v: number; role: string; person: string; name: string; now: string; beat: number }

export type MessageFrame = {
  type: 'message'
  cursor: string
  prev: string
  message: {
    id: string
    /** null: it belongs to none. */
    group: GroupName | null
    room: string
    subject: string
    body: string
    level: 'notice' | 'popup' | 'must_acknowledge' | 'chat' | (string & {})
    from: { name: string; role: string }
    at: string
    reminder: boolean
    state: 'queued' | ReceiptName
    /** The candidate wrote it: no pop-up, no receipt. */
    mine: boolean
    attachments?: Attachment[]
    about?: { kind: 'question' | 'unavailable'; group: GroupName; starts_at?: string; ends_at?: string }
  }
}

export type CaughtUp = { type: 'caught_up'; cursor: string }
export type ReceiptFrame = { type: 'receipt'; cursor: string; state: ReceiptName; at: string }
export type Reset = { type: 'reset'; reason: string }
export type Reply = { type: 'reply'; id: string; ok?: true; error?: WireError }
export type ErrorFrame = { type: 'error'; error: WireError }
export type Beat = { type: 'beat'; now: string }
export type Status = { type: 'status'; sending: 'ok' | 'unavailable' }
export type Bye = { type: 'bye'; reason: string; come_back_ms: number }

export type ProgressFrame = {
  type: 'progress'
  test: string
  changes: { person: string; progress: 'not_started' | 'in_progress' | 'submitted'; at: string }[]
}
/** To a candidate: they have started or submitted a test. */
export type OwnProgressFrame = { type: 'progress'; test: string; changes?: undefined; progress: 'not_started' | 'in_progress' | 'submitted'; at: string }
/** unresponsive: connected, but the page does not answer. unknown: other nodes cannot be asked. */
export type PresenceName = 'online' | 'away' | 'unresponsive' | 'unknown' | 'offline'
/** Of the candidates of a watched test. */
export type PresenceFrame = {
  type: 'presence'
  test: string
  conversation?: undefined
  changes: { person: string; presence: PresenceName; at: string }[]
}
/** Of the candidate of an open conversation. */
export type CandidatePresenceFrame = { type: 'presence'; test?: undefined; conversation: string; presence: PresenceName; at?: string }
export type EnrolmentFrame = { type: 'enrolment'; test: string }
/** The watched test's own facts changed: read it again. */
export type TestFrame = { type: 'test'; test: string }
/** To staff. Tests, groups, people or who is in them changed: read lists of them again, at most once in some seconds. */
export type GroupsFrame = { type: 'groups' }
export type BroadcastsFrame = { type: 'broadcasts'; test: string }
export type Resync = { type: 'resync' }

/** Something was added to a conversation that I may see. `state` is absent in the rare case that it could not be read: keep what you have. */
export type ConversationFrame = { type: 'conversation'; conversation: string; name: string; item: Item; state?: TeamState }
/** A sending to many was made: read the list and what is open again, at most once in some seconds. `group` absent: of none. */
export type ConversationsFrame = { type: 'conversations'; group?: string }
/** The candidate of a conversation that stands open here has got or seen something: read its newest items again, at most once a second. */
export type ReceiptsFrame = { type: 'receipts'; conversation: string }
/** I have read these, or marked them unread, on another of my pages. */
export type ReadFrame = { type: 'read'; people: string[]; unread: boolean }
/** In a conversation that stands open here, said of everybody, oneself included. True for 10 s. */
export type TypingFrame = { type: 'typing'; conversation: string; who: { id: string; name: string; kind: 'staff' | 'candidate' }; state: 'typing' | 'viewing' | 'idle' }
/** To a candidate: somebody of the staff types. */
export type StaffTypingFrame = { type: 'typing'; conversation?: undefined; who?: undefined; state: 'typing' | 'idle' }
export type MentionFrame = { type: 'mention'; conversation: string; name: string; item: string; by: Named; line: string }
/** A conversation has become unread for me, at the time I chose. */
export type ReminderFrame = { type: 'reminder'; conversation: string }
export type AssignedFrame = { type: 'assigned'; conversation: string; name: string; by: Named }
export type TeamFrame = { type: 'team'; thread: string; message: TeamMessage }
export type ExportFrame = { type: 'export'; export: Export }

/** The outbox of a server without providers grew. */
export type OutboxFrame = { type: 'outbox' }

/**
 * Something about this candidate's tests and shifts changed: read the dashboard, the schedule and the threads again, at a
 * random moment within so many milliseconds.
 */
export type ScheduleFrame = { type: 'schedule'; within_ms?: number }

/** One's own name or language changed: read the session again. */
export type SelfFrame = { type: 'self' }

export type ServerFrame =
  | Welcome
  | MessageFrame
  | CaughtUp
  | ReceiptFrame
  | Reset
  | Reply
  | ErrorFrame
  | Beat
  | Status
  | Bye
  | ProgressFrame
  | OwnProgressFrame
  | PresenceFrame
  | EnrolmentFrame
  | TestFrame
  | GroupsFrame
  | BroadcastsFrame
  | Resync
  | CandidatePresenceFrame
  | ConversationFrame
  | ConversationsFrame
  | ReadFrame
  | TypingFrame
  | StaffTypingFrame
  | MentionFrame
  | AssignedFrame
  | ReminderFrame
  | TeamFrame
  | ExportFrame
  | OutboxFrame
  | ScheduleFrame
  | SelfFrame
  | ReceiptsFrame

// ---- client → server

export type Command =
  | { type: 'hello'; ticket?: string; since?: string; client?: string }
  | { type: 'receipt'; state: ReceiptName; cursors: string[] }
  | { type: 'presence'; state: 'online' | 'away' }
  | { type: 'watch'; test: string }
  | { type: 'unwatch'; test: string }
  | { type: 'open'; conversation: string }
  | { type: 'shut'; conversation: string }
  | { type: 'typing'; conversation?: string; state: 'typing' | 'idle' }

export type ClientFrame = (Command & { id?: string }) | { type: 'beat' }

/** Reads a frame. Undefined for anything that is not an object with a type: a newer server may say things we do not know. */
export function read(data: unknown): ServerFrame | undefined {
  if (typeof data !== 'string') return undefined
  try {
    const frame: unknown = JSON.parse(data)
    if (typeof frame === 'object' && frame !== null && typeof (frame as { type?: unknown }).type === 'string') return frame as ServerFrame
  } catch {
    // not JSON: as if it had not come
  }
  return undefined
}

/** The receipts in order: a later one includes those before it. */
export const rank: Record<'queued' | ReceiptName, number> = { queued: 0, delivered: 1, displayed: 2, acknowledged: 3 }
