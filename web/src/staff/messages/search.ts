// What GET /search answers. Excerpts come as runs of text, hit or not: they are put on the page as text, never as HTML.

import type { Author } from '../conversation/types'

export interface Run {
  text: string
  hit?: boolean
}

export interface Hit {
  /** Absent for a sending to many: it stands in many conversations. */
  person?: { id: string; name: string }
  item: { id: string; type: 'message' | 'note' | (string & {}); direction?: 'in' | 'out'; at: string; subject?: string; from: Author; broadcast?: string }
  excerpt: Run[]
  /** The file whose name was found. */
  file?: string
}

export interface SearchAnswer {
  people: { id: string; name: string; external_id: string }[]
  hits: Hit[]
  next?: string
}
