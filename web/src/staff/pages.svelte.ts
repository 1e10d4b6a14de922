// The pages, each fetched when it is first wanted, and all of them in quiet moments after the first: a page that was
// fetched needs no network to open, and an update of the server meets few that were not.

import type { Component } from 'svelte'
import type Board from './board/Board.svelte'
import type Log from './log/Log.svelte'
import type Monitor from './monitor/Monitor.svelte'
import type People from './people/People.svelte'
import type Profile from './people/Profile.svelte'
import type Replies from './people/Replies.svelte'

type Pages = {
  monitor: typeof Monitor
  board: typeof Board
  replies: typeof Replies
  messages: Component
  groups: Component
  people: typeof People
  person: typeof Profile
  exports: Component
  mentions: Component
  deliveries: Component
  unmatched: Component
  outbox: Component
  settings: Component
  log: typeof Log
}

const sources: { [Name in keyof Pages]: () => Promise<{ default: Pages[Name] }> } = {
  monitor: () => import('./monitor/Monitor.svelte'),
  board: () => import('./board/Board.svelte'),
  replies: () => import('./people/Replies.svelte'),
  messages: () => import('./messages/Messages.svelte'),
  groups: () => import('./people/Groups.svelte'),
  people: () => import('./people/People.svelte'),
  person: () => import('./people/Profile.svelte'),
  exports: () => import('./messages/ExportsPage.svelte'),
  mentions: () => import('./messages/MentionsPage.svelte'),
  deliveries: () => import('./deliveries/Deliveries.svelte'),
  unmatched: () => import('./deliveries/Unmatched.svelte'),
  outbox: () => import('./deliveries/Outbox.svelte'),
  settings: () => import('./settings/Settings.svelte'),
  log: () => import('./log/Log.svelte'),
}

/** What stands in a window of the dock. */
export const chatWindow = () => import('./dock/ChatWindow.svelte')

export type PageName = keyof Pages
export type PageOf<Name extends PageName> = Pages[Name]

/** Milliseconds that the page has for itself before the others are fetched. */
const grace = 4000

class Fetched {
  /** The pages that are here. */
  ready: Partial<Pages> = $state.raw({})
  failure: unknown = $state.raw()

  /** Fetches a page unless it is here. A browser does not ask again for a module that failed: what helps then is a reload. */
  async want<Name extends PageName>(name: Name): Promise<void> {
    if (this.ready[name]) return
    try {
      const page = (await sources[name]()).default
      this.ready = { ...this.ready, [name]: page }
      this.failure = undefined
    } catch (failure) {
      this.failure = failure
    }
  }

  /** Fetches the rest in a quiet moment. Returns how to stop: made for $effect. */
  rest(): () => void {
    const begin = setTimeout(() => {
      if ('requestIdleCallback' in window) requestIdleCallback(() => this.#all())
      else this.#all()
    }, grace)
    return () => clearTimeout(begin)
  }

  #all(): void {
    // What fails here is asked for again when it is wanted.
    for (const source of [...Object.values(sources), chatWindow]) void source().catch(() => {})
  }
}

export const pages = new Fetched()
