/** Socket protocol v1, as internal/protocol/README.md describes it. Types only, and one check on the way in. */

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
export type PresenceFrame = {
  type: 'presence'
  test: string
  changes: { person: string; presence: 'online' | 'away' | 'offline'; at: string }[]
}
export type EnrolmentFrame = { type: 'enrolment'; test: string }
export type BroadcastsFrame = { type: 'broadcasts'; test: string }
export type Resync = { type: 'resync' }

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
  | PresenceFrame
  | EnrolmentFrame
  | BroadcastsFrame
  | Resync

// ---- client → server

export type Command =
  | { type: 'hello'; ticket?: string; since?: string; client?: string }
  | { type: 'receipt'; state: ReceiptName; cursors: string[] }
  | { type: 'presence'; state: 'online' | 'away' }
  | { type: 'watch'; test: string }
  | { type: 'unwatch'; test: string }

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
