// What the browser tests of Messages and People stand on: a pool of their own with skills, cities and every standing, and
// conversations in it.

import type { Page } from '@playwright/test'
import { expect, type Login, type Server } from './staff-server'

const password = 'crier-demo'

export type Someone = { id: string; name: string; external_id: string; login: Login }
export type Pool = { group: string; name: string; people: Someone[] }

let keys = 0
export const key = () => `messages-test-${Date.now()}-${++keys}`

type Given = { given_name: string; family_name: string; state?: string; joined?: string; [more: string]: unknown }

/** The usual crew: two who can sign in and answer, and one of each standing that stands in the way. */
export const crew: Given[] = [
  { given_name: 'Astrid', family_name: 'Aune', skills: ['first aid', 'reader'], city: 'Oslo', postcode: '0182', tags: ['keyholder'], phone: '+47 900 00 001', email: 'astrid@example.org', address: 'Storgata 1', fields: { shirt_size: 'M' } },
  { given_name: 'Bjørn', family_name: 'Bakke', skills: ['reader'], city: 'Bergen', postcode: '5003' },
  { given_name: 'Cecilie', family_name: 'Dahl', skills: ['first aid'], city: 'Bergen', postcode: '5014' },
  { given_name: 'David', family_name: 'Engen', city: 'Oslo', postcode: '0301', state: 'locked' },
  { given_name: 'Eva', family_name: 'Foss', city: 'Oslo', joined: 'invited' },
  { given_name: 'Finn', family_name: 'Grue', city: 'Oslo', joined: 'left' },
]

/** A pool. The first `signIn` people have a login; passwords take a while to make. */
export async function pool(server: Server, id: string, people: readonly Given[] = crew, signIn = 2): Promise<Pool> {
  const name = `Pool ${id}`
  const items = people.map((p, i) => {
    const { joined: _, ...person } = p
    return { external_id: `${id}-${i + 1}`, kind: 'candidate', ...(i < signIn ? { login: `${id}.${i + 1}`.toLowerCase(), password } : {}), ...person }
  })
  await server.api('admin', 'PUT', '/provisioning/people', { items })
  await server.api('admin', 'PUT', '/provisioning/groups', { items: [{ external_id: id, kind: 'pool', name, replies: 'open', starts: 'open' }] })
  await server.api('admin', 'PUT', '/provisioning/enrolments', { items: items.map((p, i) => ({ group: id, kind: 'pool', person: p.external_id, ...(people[i]?.joined ? { state: people[i].joined } : {}) })) })
  const { groups } = await server.api<{ groups: { id: string; external_id: string }[] }>('planner', 'GET', '/groups?kind=pool')
  const group = groups.find((g) => g.external_id === id)!.id
  const found = await server.api<{ people: { id: string; name: string; external_id: string }[] }>('planner', 'GET', `/people?group=${group}&limit=200`)
  return {
    group,
    name,
    people: items.slice(0, 200).map((item) => {
      const one = found.people.find((p) => p.external_id === item.external_id)
      return { id: one?.id ?? '', name: one?.name ?? '', external_id: item.external_id, login: `${item.external_id.replace(/-(\d+)$/, '.$1')}`.toLowerCase() as Login }
    }),
  }
}

/** Sends to everyone in the pool who can be written to. Returns the sending's id. */
export async function sendAll(server: Server, to: Pool, subject: string, body: string): Promise<string> {
  for (;;) {
    try {
      const { broadcast } = await server.api<{ broadcast: { id: string } }>('planner', 'POST', '/broadcasts', { key: key(), group: to.group, subject, body, recipients: { filter: {} } })
      return broadcast.id
    } catch (error) {
      if (!String(error).includes('429')) throw error
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
  }
}

/** A candidate writes. Returns the message's id. */
export async function reply(server: Server, pool: Pool, from: Someone, body: string, replyTo?: string): Promise<string> {
  const { message } = await server.api<{ message: { id: string } }>(from.login, 'POST', '/inbox/messages', { key: key(), body, group: pool.group, ...(replyTo ? { reply_to: replyTo } : {}) })
  return message.id
}

/** Staff write to one. */
export async function write(server: Server, pool: Pool, to: Someone, body: string): Promise<void> {
  await server.api('planner', 'POST', `/conversations/${to.id}/messages`, { key: key(), body, group: pool.group })
}

export const rowOf = (page: Page, name: string) => page.getByRole('grid', { name: 'Conversations' }).getByRole('row').filter({ hasText: name })

/** The names in the list, in their order on screen. */
export async function order(page: Page): Promise<string[]> {
  return page.getByRole('grid', { name: 'Conversations' }).getByRole('row').locator('.name').allInnerTexts()
}

export async function listReady(page: Page): Promise<void> {
  await expect(page.getByRole('grid', { name: 'Conversations' }).getByRole('row').first()).toBeVisible()
}
