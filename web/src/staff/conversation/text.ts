// A body in parts: plain text, addresses on the web, mentions. Nothing of it is ever
// taken for markup.

import type { Named } from './types'
import { clip } from '../../lib/shorten'

export type Part = { kind: 'text' | 'mention'; text: string } | { kind: 'link'; text: string; href: string }

const address = /\bhttps?:\/\/[^\s<>"']+/giu
/** Ends a sentence rather than an address. */
const trailing = /[.,;:!?)\]}…]+$/u

export function parts(body: string, mentions: readonly Named[] = []): Part[] {
  const out: Part[] = []
  let from = 0
  for (const found of body.matchAll(address)) {
    const text = found[0].replace(trailing, '')
    if (!URL.canParse(text)) continue
    out.push(...split(body.slice(from, found.index), mentions), { kind: 'link', text, href: text })
    from = found.index + text.length
  }
  out.push(...split(body.slice(from), mentions))
  return out
}

function split(text: string, mentions: readonly Named[]): Part[] {
  if (!text) return []
  const names = mentions.map((m) => '@' + m.name).sort((a, b) => b.length - a.length)
  for (const name of names) {
    const at = text.indexOf(name)
    if (at >= 0) return [...split(text.slice(0, at), mentions), { kind: 'mention', text: name }, ...split(text.slice(at + name.length), mentions)]
  }
  return [{ kind: 'text', text }]
}

const most = { characters: 1200, lines: 18 }

/** What is shown of a long body before someone asks for all of it; undefined: it is not long. */
export function shortened(body: string): string | undefined {
  const lines = body.split('\n')
  if (body.length <= most.characters && lines.length <= most.lines) return undefined
  const few = lines.slice(0, most.lines - 4).join('\n')
  if (few.length <= most.characters) return few + '…'
  // Not in the middle of a character, and at a space if one is near.
  const cut = clip(few, most.characters - 1)
  const space = cut.lastIndexOf(' ')
  return (space > most.characters - 80 ? cut.slice(0, space) : cut) + '…'
}
