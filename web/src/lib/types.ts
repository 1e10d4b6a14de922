/** What the REST contract (internal/api/README.md) says that more than one part of the front end reads. */
import type { MessageFrame } from '../protocol/frames'

export type Progress = 'not_started' | 'in_progress' | 'submitted'
export type Presence = 'online' | 'away' | 'unresponsive' | 'unknown' | 'offline'
export type ReceiptState = 'queued' | 'delivered' | 'displayed' | 'acknowledged'
export type Role = 'admin' | 'planner' | 'chief_invigilator' | 'invigilator' | 'coordinator' | 'candidate'

export type Organisation = { slug: string; name: string; subject_required?: boolean; chat_subject?: boolean; default_channels?: ('email' | 'sms')[]; language?: string }

export type Me = {
  id: string
  name: string
  role: Role
  kind: 'staff' | 'candidate'
  locale: string
  /** Of staff: where mails about replies would go. */
  email?: string
  organisation: Organisation
  permissions: string[]
}

/** A candidate's test, as the dashboard lists it. */
export type OwnTest = {
  id: string
  name: string
  starts_at: string | null
  ends_at: string | null
  progress: Progress
  room: string
  seat: string
  extra_minutes: number
}

/** A message as the candidate's inbox and the socket carry it. `id` is its cursor. */
export type Message = MessageFrame['message']

export type InboxMessage = Message & {
  times?: { delivered_at: string | null; displayed_at: string | null; acknowledged_at: string | null }
}
