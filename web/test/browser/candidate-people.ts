// A test and a candidate of one's own for each browser test, and what staff do behind the candidate's back.

import type { Browser, BrowserContext, BrowserContextOptions, Page } from '@playwright/test'
import { resolve } from 'node:path'
import { test as base, expect, type Server } from './staff-server'

export { accessible, expect, fits } from './staff-server'

const password = 'crier-demo'
/** Longer than a pop-up's grace: a press after this is deliberate. */
const grace = 700

type Item = { id: string; type: string; direction?: 'in' | 'out'; body?: string; group?: { id: string }; event?: string; about?: { kind: string; group: { id: string } }; attachments?: { id: string; name: string; picture: boolean }[] }
type Recipient = { id: string; state: string; delivered_at?: string; displayed_at?: string; acknowledged_at?: string }

/** One candidate of a test of their own, in progress, ending in two hours. */
export class Candidate {
  #browser: Browser
  #server: Server
  #contexts: BrowserContext[] = []
  #sent = 0
  /** Errors in the console of any of their pages: the policy forbids inline styles and scripts, and says so there. */
  faults: string[] = []
  id = ''
  test = ''

  constructor(
    server: Server,
    browser: Browser,
    readonly login: string,
    readonly testName: string,
  ) {
    this.#server = server
    this.#browser = browser
  }

  async enrol(options: { name?: [string, string]; progress?: string; minutesLeft?: number; extra?: number } = {}): Promise<void> {
    const external = this.login
    const [given_name, family_name] = options.name ?? ['Sara', 'Amin']
    const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
    await this.#server.api('admin', 'PUT', '/provisioning/people', { items: [{ external_id: external, kind: 'candidate', given_name, family_name, login: this.login, password }] })
    await this.#server.api('admin', 'PUT', '/provisioning/tests', { items: [{ external_id: external, name: this.testName, starts_at: at(-60), ends_at: at(options.minutesLeft ?? 120) }] })
    await this.#server.api('admin', 'PUT', '/provisioning/enrolments', {
      items: [{ test: external, person: external, room: 'Hall A', seat: '14', extra_minutes: options.extra ?? 0, progress: options.progress ?? 'in_progress' }],
    })
    const { tests } = await this.#server.api<{ tests: { id: string; external_id: string }[] }>('planner', 'GET', '/tests')
    this.test = tests.find((one) => one.external_id === external)!.id
    const { candidates } = await this.#server.api<{ candidates: { id: string }[] }>('planner', 'GET', `/tests/${this.test}/candidates`)
    this.id = candidates[0]!.id
  }

  /** A planner sends to this candidate. Returns the sending's id. */
  async send(subject: string, body = 'Nothing else changes.'): Promise<string> {
    const key = `${this.login}-${this.#sent++}-${Date.now()}`
    for (;;) {
      try {
        const answer = await this.#server.api<{ broadcast: { id: string } }>('planner', 'POST', `/tests/${this.test}/broadcasts`, { key, subject, body, recipients: { people: [this.id] } })
        return answer.broadcast.id
      } catch (error) {
        if (!String(error).includes('429')) throw error
        await new Promise((done) => setTimeout(done, 500)) // senders are limited; this is the same sending again
      }
    }
  }

  /** Puts them into a group of their own that is no test. Returns its id. */
  async join(kind: 'pool' | 'job' | 'activity', name: string, more: { state?: string; starts_at?: string; ends_at?: string; place?: string; replies?: string } = {}): Promise<string> {
    const { state, ...group } = more
    const external = `${this.login}-${kind}`
    await this.#server.api('admin', 'PUT', '/provisioning/groups', { items: [{ external_id: external, kind, name, ...group }] })
    await this.#server.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ group: external, kind, person: this.login, ...(state ? { state } : {}) }] })
    const { groups } = await this.#server.api<{ groups: { id: string; external_id: string }[] }>('planner', 'GET', `/groups?kind=${kind}`)
    return groups.find((one) => one.external_id === external)!.id
  }

  /** Staff delete an assignment, and set the candidate as unavailable in its time. */
  async unassign(group: string): Promise<void> {
    await this.#server.api('planner', 'POST', `/groups/${group}/assignments/${this.id}/delete`, { set_unavailable: true })
  }

  /** Lets candidates begin conversations in their group of the kind. */
  async opens(kind: string, name: string): Promise<void> {
    await this.#server.api('admin', 'PUT', '/provisioning/groups', { items: [{ external_id: `${this.login}-${kind}`, kind, name, starts: 'open' }] })
  }

  /** Changes their state in a group of the kind. */
  async becomes(kind: string, state: string): Promise<void> {
    await this.#server.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ group: `${this.login}-${kind}`, kind, person: this.login, state }] })
  }

  /** Changes their place or progress in the test, or takes them off it. */
  async change(facts: { room?: string; seat?: string; extra_minutes?: number; progress?: string; state?: string }): Promise<void> {
    await this.#server.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ test: this.login, person: this.login, ...facts }] })
  }

  /** Changes the test itself. */
  async changeTest(facts: { name?: string; starts_at?: string; ends_at?: string }): Promise<void> {
    await this.#server.api('admin', 'PUT', '/provisioning/tests', { items: [{ external_id: this.login, ...facts }] })
  }

  /** A planner writes to them alone. */
  async say(group: string, body: string): Promise<void> {
    await this.#server.api('planner', 'POST', `/conversations/${this.id}/messages`, { key: `${this.login}-said-${this.#sent++}-${Date.now()}`, body, group })
  }

  /** Staff write to all who are in a group of theirs that is no test. */
  async bulk(group: string, subject: string, body = 'For everybody.'): Promise<string> {
    const answer = await this.#server.api<{ broadcast: { id: string } }>('planner', 'POST', '/broadcasts', {
      key: `${this.login}-bulk-${this.#sent++}-${Date.now()}`,
      subject,
      body,
      group,
      recipients: { people: [this.id] },
    })
    return answer.broadcast.id
  }

  /** What staff read in their conversation, newest first. */
  async conversation(): Promise<Item[]> {
    return (await this.#server.api<{ items: Item[] }>('planner', 'GET', `/conversations/${this.id}`)).items
  }

  /** How far a sending has come, as staff see it. */
  async receipt(broadcast: string): Promise<Recipient> {
    const { recipients } = await this.#server.api<{ recipients: Recipient[] }>('planner', 'GET', `/broadcasts/${broadcast}/recipients`)
    return recipients[0]!
  }

  async reaches(broadcast: string, state: string): Promise<void> {
    await expect.poll(async () => (await this.receipt(broadcast)).state, { timeout: 10_000 }).toBe(state)
  }

  /** A browser of their own that is signed in. */
  async device(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await this.#browser.newContext({ baseURL: this.#server.url, viewport: { width: 1280, height: 860 }, locale: 'en-GB', ...options })
    this.#contexts.push(context)
    context.on('page', (page) => this.#listen(page))
    const answer = await context.request.post('/api/v1/session', { data: { organisation: 'demo', login: this.login, password } })
    expect(answer.ok(), await answer.text()).toBe(true)
    return context
  }

  async page(path = '/', options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await this.device(options)).newPage()
    await page.goto(path)
    return page
  }

  /** The page of the running test, with the socket up to date. */
  async sit(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.page(`/test/${this.test}`, options)
    await upToDate(page)
    return page
  }

  /** All their sessions end. */
  async signOutEverywhere(): Promise<void> {
    await this.#server.api('admin', 'DELETE', `/people/${this.id}/sessions`)
  }

  async close(): Promise<void> {
    await Promise.all(this.#contexts.map((context) => context.close()))
  }

  #listen(page: Page): void {
    page.on('pageerror', (error) => this.faults.push(`${error.message}\n${error.stack}`))
    page.on('console', (message) => {
      const text = message.text()
      if (message.type() === 'error' && !text.startsWith('Failed to load resource') && !text.includes('WebSocket connection')) this.faults.push(text)
    })
  }
}

export const test = base.extend<{ candidate: Candidate }>({
  candidate: async ({ server, browser }, use, info) => {
    const name = info.titlePath.at(-1)!.toLowerCase().replace(/[^a-z0-9]+/g, '-').slice(0, 30)
    const candidate = new Candidate(server, browser, `${name}-${info.testId.slice(-6)}-${info.workerIndex}-${info.repeatEachIndex}-${info.retry}`, 'Mathematics 1')
    await use(candidate)
    await candidate.close()
    expect(candidate.faults, 'errors in the browser').toEqual([])
  },
})

export const popup = (page: Page) => page.getByRole('alertdialog')

export async function upToDate(page: Page): Promise<void> {
  await expect(page.getByText('Connected · up to date')).toBeVisible()
}

/** Presses the pop-up's button after its grace, as a person does who has read it. */
export async function confirm(page: Page): Promise<void> {
  await expect(popup(page)).toBeVisible()
  await page.waitForTimeout(grace)
  await popup(page).getByRole('button', { name: 'OK' }).click()
}

/** Waits until a press counts as deliberate. */
export const settle = (page: Page) => page.waitForTimeout(grace)

export async function shot(page: Page, name: string): Promise<void> {
  if (!process.env.CRIER_SHOTS) return
  await page.screenshot({ path: resolve(import.meta.dirname, `../shots/candidate-${name}.png`), animations: 'disabled' })
}
