// What the chat's browser tests stand on: a pool of candidates who can sign in, and
// two colleagues, Anna Lind and Ola Berg.

import type { Browser, BrowserContextOptions, Page } from '@playwright/test'
import { expect, type Login, type Server } from './staff-server'

export const anna = 'chat.anna' as Login
export const ola = 'chat.ola' as Login
const password = 'crier-demo'

export type Candidate = { id: string; name: string; login: string; external_id: string; group: string }

/** Made once for each server. */
const colleagues = new Map<string, Promise<unknown>>()

/** A pool of its own, whose candidates may answer. Names: First1 Pool1 … unless told. */
export async function pool(server: Server, id: string, count: number, named: (i: number) => { given_name: string; family_name: string } = (i) => ({ given_name: `First${i + 1}`, family_name: id })): Promise<{ group: string; people: Candidate[] }> {
  if (!colleagues.has(server.url)) colleagues.set(server.url, server.api('admin', 'PUT', '/provisioning/people', {
    items: [
      { external_id: 'chat-anna', kind: 'staff', role: 'planner', given_name: 'Anna', family_name: 'Lind', login: anna, password },
      { external_id: 'chat-ola', kind: 'staff', role: 'planner', given_name: 'Ola', family_name: 'Berg', login: ola, password },
    ],
  }))
  await colleagues.get(server.url)
  const items = Array.from({ length: count }, (_, i) => ({ external_id: `${id}-${i + 1}`, kind: 'candidate', login: `${id}.${i + 1}`.toLowerCase(), password, phone: `+47 900 00 ${String(i).padStart(3, '0')}`, email: `${id}.${i + 1}@example.org`.toLowerCase(), ...named(i) }))
  await server.api('admin', 'PUT', '/provisioning/people', { items })
  await server.api('admin', 'PUT', '/provisioning/groups', { items: [{ external_id: id, kind: 'pool', name: `Pool ${id}`, replies: 'open', starts: 'open' }] })
  await server.api('admin', 'PUT', '/provisioning/enrolments', { items: items.map((p) => ({ group: id, kind: 'pool', person: p.external_id })) })
  const { groups } = await server.api<{ groups: { id: string; external_id: string }[] }>('admin', 'GET', '/groups?kind=pool')
  const group = groups.find((g) => g.external_id === id)!.id
  const { people } = await server.api<{ people: { id: string; name: string; external_id: string }[] }>('admin', 'GET', `/people?group=${group}&limit=200`)
  return {
    group,
    people: items.map((i) => {
      const found = people.find((p) => p.external_id === i.external_id)!
      return { id: found.id, name: found.name, external_id: i.external_id, login: i.login, group }
    }),
  }
}

let keys = 0
export const key = () => `chat-test-${Date.now()}-${++keys}`

/** A candidate writes. */
export async function reply(server: Server, from: Candidate, body: string): Promise<string> {
  const { message } = await server.api<{ message: { id: string } }>(from.login as Login, 'POST', '/inbox/messages', { key: key(), body, group: from.group })
  return message.id
}

/** Staff write. */
export async function send(server: Server, login: Login, to: Candidate, body: string, more: object = {}): Promise<string> {
  const { message } = await server.api<{ message: { id: string } }>(login, 'POST', `/conversations/${to.id}/messages`, { key: key(), body, ...more })
  return message.id
}

/** Opens the window of a candidate through the symbol and Start chat. */
export async function chat(page: Page, who: { name: string; external_id: string }) {
  await page.getByRole('button', { name: /^Chats/ }).click()
  await page.getByRole('button', { name: 'Start chat' }).click()
  const field = page.getByRole('combobox', { name: /Search name/ })
  await field.fill(who.external_id)
  await expect(page.getByRole('listbox', { name: /Search name/ })).toHaveAttribute('aria-busy', 'false')
  await page.getByRole('option', { name: who.name }).first().click()
  const box = windowOf(page, who.name)
  await expect(box.getByRole('textbox', { name: `Message to ${who.name}` })).toBeFocused()
  return box
}

export const windowOf = (page: Page, name: string) => page.getByRole('complementary', { name: 'Chat windows' }).getByRole('region', { name, exact: true })

export async function staff(server: Server, browser: Browser, login: Login, options: BrowserContextOptions = {}, path = '/staff/'): Promise<Page> {
  const page = await server.open(browser, login, path, options)
  await expect(page.getByText(/^Connected/).first()).toBeVisible()
  return page
}
