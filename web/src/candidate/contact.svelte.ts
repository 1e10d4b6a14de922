import { ApiError } from '../lib/api'
import { api } from '../lib/session.svelte'

type Consents = { sms: 'in' | 'out' | '' }

/** How this candidate may be reached besides the pages. */
class Contact {
  phase: 'reading' | 'ready' | 'failed' = $state('reading')
  error: unknown = $state.raw()
  /** Undefined where the server has no SMS. */
  sms: 'in' | 'out' | '' | undefined = $state()
  /** Undefined where the server has no pushes. */
  pushKey: string | undefined = $state()
  busy = $state(false)

  async read(): Promise<void> {
    try {
      const [consents, channels] = await Promise.all([
        api.get<Consents>('/me/consents'),
        // What the server can do at all; where that is not told to candidates, pushes are not offered.
        api.get<{ push?: { enabled: boolean; key?: string } }>('/channels').catch((error: unknown) => {
          if (error instanceof ApiError && (error.code === 'forbidden' || error.code === 'not_found')) return undefined
          throw error
        }),
      ])
      this.sms = consents.sms
      this.pushKey = channels?.push?.enabled ? channels.push.key : undefined
      this.phase = 'ready'
    } catch (error) {
      this.error = error
      if (this.phase !== 'ready') this.phase = 'failed'
    }
  }

  /** Stores what one has chosen, with the words that stood beside it. Throws ApiError. */
  async agree(on: boolean, words: string): Promise<void> {
    const before = this.sms
    this.sms = on ? 'in' : 'out'
    this.busy = true
    try {
      await api.post('/me/consents', { channel: 'sms', state: this.sms, words })
    } catch (error) {
      this.sms = before
      throw error
    } finally {
      this.busy = false
    }
  }
}

export const contact = new Contact()
