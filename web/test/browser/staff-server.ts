// A real binary with the demo's hall for the staff's browser tests, one per worker,
// and the few things that the tests do behind the pages' back.

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import AxeBuilder from '@axe-core/playwright'
import { test as base, expect, type Browser, type BrowserContextOptions, type Page } from '@playwright/test'

export const binary = process.env.CRIER_BIN ?? resolve(import.meta.dirname, '../../../bin/crier')
const password = 'crier-demo'

export type Login = 'chief' | 'anna' | 'joao' | 'planner' | 'admin' | 'coordinator'

export class Server {
  constructor(readonly url: string) {}

  /** Calls the API as someone, past the pages. */
  async api<T>(login: Login, method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(this.url + '/api/v1' + path, {
      method,
      headers: { authorization: `Bearer ${await this.token(login)}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return (answer.status === 204 ? undefined : await answer.json()) as T
  }

  async test(name: string, login: Login = 'planner'): Promise<string> {
    const { tests } = await this.api<{ tests: { id: string; name: string }[] }>(login, 'GET', '/tests')
    const found = tests.find((t) => t.name === name)
    if (!found) throw new Error(`no test ${name}`)
    return found.id
  }

  /** A test of its own with this many candidates who never connect. Returns its id. */
  async hall(externalId: string, name: string, count: number, person: (i: number) => { given_name: string; family_name: string } = plain): Promise<string> {
    const people = Array.from({ length: count }, (_, i) => ({ external_id: `${externalId}-${String(i + 1).padStart(4, '0')}`, kind: 'candidate', tags: i % 9 === 0 ? ['laptop'] : [], ...person(i) }))
    await this.api('admin', 'PUT', '/provisioning/people', { items: people })
    await this.api('admin', 'PUT', '/provisioning/tests', { items: [{ external_id: externalId, name }] })
    await this.api('admin', 'PUT', '/provisioning/enrolments', {
      items: people.map((p, i) => ({
        test: externalId,
        person: p.external_id,
        room: ['Hall A', 'Hall B', 'Hall C'][i % 3],
        seat: String(1 + Math.floor(i / 3)),
        extra_minutes: i % 10 === 0 ? 30 : 0,
        progress: i % 4 === 0 ? 'not_started' : 'in_progress',
      })),
    })
    return this.test(name)
  }

  /** A page with someone signed in. Fails the test on any error in the browser's console. */
  async open(browser: Browser, login: Login, path: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({ baseURL: this.url, viewport: { width: 1440, height: 900 }, ...options })
    const answer = await context.request.post('/api/v1/session', { data: { organisation: 'demo', login, password } })
    expect(answer.ok(), await answer.text()).toBe(true)
    const page = await context.newPage()
    page.on('pageerror', (error) => faults.push(`${error.message}\n${error.stack}`))
    page.on('console', (message) => {
      // A refused request is the page's to explain, not a fault of its code; a refused style or script is.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource') && !message.text().includes('WebSocket connection')) faults.push(message.text())
    })
    await page.goto(path)
    return page
  }

  private tokens = new Map<Login, Promise<string>>()

  private token(login: Login): Promise<string> {
    let token = this.tokens.get(login)
    if (!token) {
      token = fetch(this.url + '/api/v1/session', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ organisation: 'demo', login, password, token: true }),
      }).then(async (answer) => ((await answer.json()) as { session: { token: string } }).session.token)
      this.tokens.set(login, token)
    }
    return token
  }
}

function plain(i: number) {
  return { given_name: `Given${i + 1}`, family_name: `Family${i + 1}` }
}

let faults: string[] = []

export const test = base.extend<{ clean: void }, { server: Server }>({
  server: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      if (!existsSync(binary)) throw new Error(`${binary} is missing: make build, or set CRIER_BIN`)
      const data = mkdtempSync(join(tmpdir(), 'crier-staff-'))
      const port = await free()
      const child = spawn(binary, ['demo', '--addr', `127.0.0.1:${port}`, '--data', data], { stdio: ['ignore', 'pipe', 'pipe'] })
      const url = `http://127.0.0.1:${port}`
      try {
        await ready(url, child)
        await use(new Server(url))
      } finally {
        // Its data goes with it: nothing is left to be ended with care.
        const ended = new Promise((resolve) => child.once('exit', resolve))
        child.kill('SIGKILL')
        await ended
        rmSync(data, { recursive: true, force: true })
      }
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  clean: [
    async ({}, use) => {
      faults = []
      await use()
      expect(faults, 'errors in the browser').toEqual([])
    },
    { auto: true },
  ],
})

export { expect }

/** axe finds nothing on the page as it is. */
export async function accessible(page: Page): Promise<void> {
  // Half-faded text has half the contrast: what fades in is let in first.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations === 1).map((a) => a.finished.catch(() => {}))))
  const found = await new AxeBuilder({ page })
    .options({ resultTypes: ['violations'], preload: false }) // what passes is of no interest
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    // Frames need a second page to put their results together in; without one there is nothing to put together.
    .setLegacyMode(page.frames().length === 1)
    .analyze()
  expect(found.violations.map((v) => `${v.id}: ${v.help}\n${v.nodes.map((n) => `  ${n.target.join(' ')} ${n.failureSummary}`).join('\n')}`)).toEqual([])
}

/** The Monitor shows its list. */
export async function monitorReady(page: Page): Promise<void> {
  await page.getByRole('button', { name: /candidates?( of [\d,]+)?$/ }).waitFor()
}

/** Gives the focus to a row of the list; a row can take it once it is drawn. */
export async function focusRow(page: Page, index: number): Promise<void> {
  const row = page.locator('[data-id]').nth(index)
  await expect(async () => {
    await row.focus()
    await expect(row).toBeFocused({ timeout: 200 })
  }).toPass()
}

/** Nothing sticks out of the window sideways. */
export async function fits(page: Page): Promise<void> {
  const wide = await page.evaluate(() =>
    [document.documentElement, ...document.querySelectorAll<HTMLElement>('.list, .detail, .page, .content, .right, .column, .people, .profile')]
      .filter((e) => e.scrollWidth > e.clientWidth)
      .map((e) => `${e.tagName} ${e.className}: ${e.scrollWidth} > ${e.clientWidth}`),
  )
  expect(wide).toEqual([])
}

/** A picture for people to look at, where CRIER_SHOTS asks for them; test/shots is not kept. */
export async function shot(page: Page, name: string): Promise<void> {
  if (!process.env.CRIER_SHOTS) return
  await page.screenshot({ path: resolve(import.meta.dirname, `../shots/staff-${name}.png`), animations: 'disabled' })
}

export async function free(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Waits until a server answers and has said what is named: the demo says where to go once its people can sign in. */
export async function ready(url: string, child: ChildProcess, says = 'Staff:'): Promise<void> {
  let said = ''
  child.stdout?.on('data', (d) => (said += d))
  child.stderr?.on('data', (d) => (said += d))
  const until = Date.now() + 45_000
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${said}`)
    if (said.includes(says) && (await fetch(url + '/readyz').then((a) => a.ok, () => false))) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the server is not ready: ${said}`)
}
