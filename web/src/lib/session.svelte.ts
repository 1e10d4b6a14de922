import { locale } from '../i18n/locale.svelte'
import { type Api, ApiError, createApi } from './api'
import { clock } from './clock.svelte'
import * as storage from './storage'
import { drop, settle, told } from './subscription'
import type { Me } from './types'

export type SignIn = { organisation: string; login: string; password: string }

/**
 * Who is signed in on this page. `unknown` until the server has answered, `over` when a session that we had ended: the page
 * stays as it is and offers to sign in again.
 */
class Session {
  phase: 'unknown' | 'out' | 'in' | 'over' = $state('unknown')
  me: Me | undefined = $state.raw()

  can(permission: string): boolean {
    return this.me?.permissions.includes(permission) ?? false
  }

  /** Asks the server who we are. Throws ApiError unless the answer is "nobody". */
  async load(): Promise<void> {
    try {
      const answer = await plain.get<{ me: Me; now: string }>('/session')
      clock.set(answer.now)
      this.#enter(answer.me)
      void settle(storage.local)
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'unauthenticated') throw error
      this.phase = this.phase === 'in' ? 'over' : this.phase === 'over' ? 'over' : 'out'
    }
  }

  async signIn(given: SignIn): Promise<Me> {
    const answer = await plain.post<{ me: Me }>('/session', given)
    this.#enter(answer.me)
    // Waited for: the page may go elsewhere next, and a request that has not left would be lost.
    await settle(storage.local, (made) => plain.post('/me/push', told(made), { keepalive: true }))
    return answer.me
  }

  /** Ends the session, and the pushes to this browser; nothing of the person stays in it. */
  async signOut(): Promise<void> {
    await drop()
    try {
      await plain.delete('/session')
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'unauthenticated') throw error
    }
    storage.leave()
    this.me = undefined
    this.phase = 'out'
  }

  /** The server said 401, or a socket closed with 4401. */
  ended(): void {
    if (this.phase === 'in') this.phase = 'over'
  }

  #enter(me: Me): void {
    storage.enter(me.id)
    // Nothing on this page is for another person's eyes: it begins anew.
    if (this.me && this.me.id !== me.id) return location.replace(homeOf(me))
    this.me = me
    this.phase = 'in'
    locale.apply(me.locale, navigator.languages)
  }
}

export const session = new Session()

/** For the session's own requests: a 401 there is an answer, not the end of a session. */
export const plain: Api = createApi()

/** The client that pages use. */
export const api: Api = createApi({ onUnauthenticated: () => session.ended() })

if (typeof window !== 'undefined')
  storage.onOther((person) => {
    // The tab's own storage is emptied here: another tab cannot.
    storage.leave()
    location.replace(person ? '/' : '/sign-in?reason=out')
  })

export const homeOf = (me: Me): string => (me.kind === 'staff' ? '/staff/' : '/')

export const signInAddress = (next: string, reason?: 'over' | 'out'): string =>
  '/sign-in?' + new URLSearchParams({ next, ...(reason ? { reason } : {}) }).toString()
