// The routes of one conversation, one function each.

import type { Options } from '../../lib/api'
import { api } from '../../lib/session.svelte'
import type { Copied, Delivery, Plan } from '../deliveries/types'
import type { Canned, Colleague, ConversationPage, Document, MessageItem, NoteItem, Row } from './types'

const at = (person: string) => `/conversations/${encodeURIComponent(person)}`

export type Sent = { key: string; body: string; subject?: string; group?: string; attachments?: string[]; channels?: Copied[]; seen?: string; take_over?: boolean }

export type Action = 'read' | 'unread' | 'archive' | 'unarchive' | 'process' | 'unprocess' | 'unsnooze' | 'unremind'
/** Those that need a time. */
export type TimedAction = 'snooze' | 'remind'

export const conversations = {
  page: (person: string, q: { before?: string; limit?: number } = {}, o?: Options) => api.get<ConversationPage>(at(person), { ...o, query: q }),
  send: (person: string, message: Sent) => api.post<{ message: MessageItem }>(`${at(person)}/messages`, message),
  note: (person: string, note: { key: string; group?: string; body: string; mentions?: string[] }) => api.post<{ note: NoteItem }>(`${at(person)}/notes`, note),
  claim: (person: string, take_over = false) => api.post<{ conversation: Row }>(`${at(person)}/claim`, take_over ? { take_over } : {}),
  release: (person: string) => api.post<{ conversation: Row }>(`${at(person)}/release`, {}),
  assign: (person: string, to: string) => api.post<{ conversation: Row }>(`${at(person)}/assign`, { to }),
  /** Snoozes conversations, or sets a reminder. */
  until: (action: TimedAction, people: string[], until: Date) => api.post<{ changed: number }>('/conversations/actions', { action, people, until: until.toISOString() }),
  /** upTo, of read: the last item that is known; what came in later stays unread. */
  act: (action: Action, people: string[], upTo?: string) => api.post<{ changed: number }>('/conversations/actions', { action, people, ...(upTo ? { up_to: upTo } : {}) }),
  documents: (person: string, q: { q?: string; limit?: number; after?: string }, o?: Options) => api.get<{ documents: Document[]; next?: string }>(`${at(person)}/documents`, { ...o, query: q }),
  colleagues: (q: string, o?: Options) => api.get<{ colleagues: Colleague[] }>('/colleagues', { ...o, query: { q } }).then((a) => a.colleagues),
  canned: () => api.get<{ canned_replies: Canned[] }>('/canned-replies').then((a) => a.canned_replies),
  deleteAssignment: (person: string, group: string, body: { set_unavailable?: boolean; message?: string }) =>
    api.post<{ deletion: { id: string; unavailable?: string } }>(`/groups/${encodeURIComponent(group)}/assignments/${encodeURIComponent(person)}/delete`, body),
  undoDeletion: (id: string) => api.post(`/deletions/${encodeURIComponent(id)}/undo`, {}),
  plan: (person: string, channels: readonly Copied[], group = '', o?: Options) => api.post<{ plan: Plan }>(`${at(person)}/plan`, { channels, ...(group ? { group } : {}) }, o).then((a) => a.plan),
  copies: (person: string, message: string) => api.get<{ deliveries: Delivery[] }>(`/messages/${encodeURIComponent(message)}/deliveries`, { query: { person } }).then((a) => a.deliveries),
  contact: (person: string) => api.get<{ person: { email?: string; phone?: string } }>(`/people/${encodeURIComponent(person)}`).then((a) => a.person),
}

export const transcriptAddress = (person: string, format: 'text' | 'html') => `/api/v1${at(person)}/transcript?format=${format}`

/** Where files for this conversation go. */
export const uploadRoute = (person: string) => `${at(person)}/attachments`

/** The whole text of a mail, before quotations were removed. `original` is the path of the mail as it came. */
export const wholeText = (original: string) => api.get<{ text: string; cut: boolean }>(`${original.replace(/^\/api\/v1/, '')}/text`)
