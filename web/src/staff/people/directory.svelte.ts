// What the menus of lists are filled with: my groups, what people can be filtered by, my colleagues. Read when a page needs them,
// again when the server says that groups changed, and when they are older than a minute.

import { connection } from '../../lib/connection.svelte'
import { api, session } from '../../lib/session.svelte'
import { conversations } from '../conversation/api'
import type { Colleague } from '../conversation/types'
import { Slowly } from '../lists/slowly'
import { to } from '../routes'
import type { GroupDetail, PeopleFacets } from './types'

const fresh = 60_000

class Directory {
  groups: readonly GroupDetail[] = $state.raw([])
  colleagues: readonly Colleague[] = $state.raw([])
  /** Why the groups could not be read; undefined while they can. */
  failure: unknown = $state.raw()
  ready = $state(false)
  #facets: Record<string, PeopleFacets> = $state.raw({})
  #asked = new Map<string, number>()
  #changed = new Slowly(() => this.readGroups(true), 4000)

  /** For as long as a page shows them. Made for $effect. */
  start(): () => void {
    void this.readGroups()
    if (session.can('conversation.view')) void this.#once('colleagues', async () => (this.colleagues = (await conversations.colleagues('')).filter((c) => c.id !== session.me?.id)))
    const { client } = connection
    const changed = () => {
      for (const what of this.#asked.keys()) if (what !== 'colleagues') this.#asked.delete(what)
      this.#changed.soon()
    }
    const stops = [client.on('frame', (frame) => (frame.type === 'groups' || (frame.type === 'welcome' && this.ready)) && changed()), client.on('reread', changed)]
    return () => stops.forEach((stop) => stop())
  }

  group(id: string): GroupDetail | undefined {
    return this.groups.find((g) => g.id === id)
  }

  readGroups(again = false): Promise<void> {
    if (again) this.#asked.delete('groups')
    return this.#once('groups', async () => {
      try {
        this.groups = (await api.get<{ groups: GroupDetail[] }>('/groups')).groups
        this.failure = undefined
        this.ready = true
      } catch (error) {
        if (!this.ready) this.failure = error
        throw error
      }
    })
  }

  /** What people of a group (of all, without one) can be filtered by; undefined until it has come. */
  facets(group = ''): PeopleFacets | undefined {
    // Read when first asked for; whoever asks is told when it has come.
    queueMicrotask(() => {
      void this.#once('facets ' + group, async () => {
        const facets = await api.get<PeopleFacets>('/people/facets', { query: { group } })
        this.#facets = { ...this.#facets, [group]: facets }
      })
    })
    return this.#facets[group]
  }

  async #once(what: string, read: () => Promise<unknown>): Promise<void> {
    if (Date.now() - (this.#asked.get(what) ?? 0) < fresh) return
    this.#asked.set(what, Date.now())
    try {
      await read()
    } catch {
      this.#asked.delete(what) // the menus stay as they are; the next page asks again
    }
  }
}

export const directory = new Directory()

/** Where a group's own page is: a test's is its Monitor. A group that is not known here is taken for a test. */
export const groupAddress = (id: string): string => ((directory.group(id)?.kind ?? 'test') === 'test' && session.can('test.view') ? to.monitor(id) : to.group(id))
