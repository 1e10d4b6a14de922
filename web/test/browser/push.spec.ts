// Web push from end to end but for the browser makers' push services: their place takes a listener of ours, and what
// the server gives it is decrypted here and handed to the service worker as Chromium would.

import { spawn } from 'node:child_process'
import { createDecipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server as Http } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Browser, BrowserContext, Page } from '@playwright/test'
import { key, pool, reply } from './chat-people'
import { expect, free, ready, Server, test as base, type Login } from './staff-server'

const binary = process.env.CRIER_PUSHNODE ?? resolve(import.meta.dirname, '../../../bin/pushnode')

/** What the push services got, by their address's path. */
type Got = { path: string; authorization: string; encoding: string; body: Buffer }

class PushService {
  readonly got: Got[] = []
  answers = 201
  #http: Http | undefined
  url = ''

  async start(): Promise<void> {
    this.#http = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        this.got.push({ path: request.url ?? '', authorization: request.headers.authorization ?? '', encoding: String(request.headers['content-encoding']), body: Buffer.concat(parts) })
        response.writeHead(this.answers).end()
      })
    })
    await new Promise<void>((done) => this.#http!.listen(0, '127.0.0.1', done))
    this.url = `http://127.0.0.1:${(this.#http.address() as { port: number }).port}`
  }

  stop(): void {
    this.#http?.closeAllConnections()
    this.#http?.close()
  }
}

/** The keys of a browser's subscription, made here instead of by the browser, and the reading of what comes for it (RFC 8291, RFC 8188). */
class Subscription {
  readonly #ecdh = createECDH('prime256v1')
  readonly #auth = randomBytes(16)
  readonly p256dh: string
  readonly auth = this.#auth.toString('base64url')
  readonly path: string

  constructor(name: string) {
    this.p256dh = this.#ecdh.generateKeys('base64url')
    this.path = `/push/${name}-${randomBytes(6).toString('hex')}`
  }

  open(body: Buffer): { title: string; line: string; link: string; tag: string } {
    const salt = body.subarray(0, 16)
    const theirs = body.subarray(21, 21 + body[20]!)
    const shared = this.#ecdh.computeSecret(theirs)
    const derive = (secret: Buffer, salted: Buffer, info: Buffer, length: number) => Buffer.from(hkdfSync('sha256', secret, salted, info, length))
    const secret = derive(shared, this.#auth, Buffer.concat([Buffer.from('WebPush: info\0'), this.#ecdh.getPublicKey(), theirs]), 32)
    const sealed = body.subarray(21 + body[20]!)
    const opened = createDecipheriv('aes-128-gcm', derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16), derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12))
    opened.setAuthTag(sealed.subarray(-16))
    const padded = Buffer.concat([opened.update(sealed.subarray(0, -16)), opened.final()])
    // The text ends with a 2, then as many zeros as one likes.
    return JSON.parse(padded.subarray(0, padded.lastIndexOf(2)).toString()) as ReturnType<Subscription['open']>
  }

  /** Has the browser subscribe with these keys: its own push service cannot be reached from here. Returns the server's key that the page asked with. */
  async stub(context: BrowserContext): Promise<void> {
    await context.addInitScript(
      ([endpoint, p256dh, auth]) => {
        if (location.protocol === 'about:') return
        let made: object | null = sessionStorage.getItem('test.push') ? {} : null
        const subscription = () => ({ endpoint, toJSON: () => ({ endpoint, expirationTime: null, keys: { p256dh, auth } }), unsubscribe: () => (sessionStorage.removeItem('test.push'), (made = null), Promise.resolve(true)) })
        PushManager.prototype.subscribe = (options) => {
          if (!options?.userVisibleOnly || (options.applicationServerKey as Uint8Array).length !== 65) return Promise.reject(new DOMException('no key'))
          sessionStorage.setItem('test.push', 'yes')
          made = {}
          return Promise.resolve(subscription() as unknown as PushSubscription)
        }
        PushManager.prototype.getSubscription = () => Promise.resolve(made && (subscription() as unknown as PushSubscription))
      },
      [`https://push.example${this.path}`, this.p256dh, this.auth] as const,
    )
  }
}

const test = base.extend<{ service: PushService }, { pushing: { server: Server; service: PushService } }>({
  pushing: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const service = new PushService()
      await service.start()
      const data = mkdtempSync(join(tmpdir(), 'crier-push-'))
      const port = await free()
      const child = spawn(binary, [`127.0.0.1:${port}`, data, service.url], { stdio: ['ignore', 'pipe', 'pipe'] })
      try {
        const url = `http://127.0.0.1:${port}`
        await ready(url, child)
        await use({ server: new Server(url), service })
      } finally {
        const ended = new Promise((done) => child.once('exit', done))
        child.kill('SIGKILL')
        await ended
        service.stop()
        rmSync(data, { recursive: true, force: true })
      }
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  service: async ({ pushing }, use) => {
    await use(pushing.service)
    pushing.service.answers = 201
  },
})

/** A page that subscribes on its settings. */
async function subscribed(server: Server, browser: Browser, login: Login, path: string, sub: Subscription): Promise<Page> {
  const page = await server.open(browser, login, '/livez')
  await sub.stub(page.context())
  await page.context().grantPermissions(['notifications'], { origin: server.url })
  await page.goto(path)
  const device = page.getByLabel('Notify me on this device')
  await expect(device).toBeEnabled()
  const told = page.waitForResponse((r) => r.url().endsWith('/me/push') && r.request().method() === 'POST')
  await device.check()
  expect((await told).status()).toBe(204)
  await expect(device).toBeChecked()
  return page
}

/** Hands the service worker a push, as the browser would. */
async function deliver(page: Page, server: Server, data: string): Promise<void> {
  const cdp = await page.context().newCDPSession(page)
  const registered = new Promise<string>((done) => cdp.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => registrations[0] && done(registrations[0].registrationId)))
  await cdp.send('ServiceWorker.enable')
  await cdp.send('ServiceWorker.deliverPushMessage', { origin: server.url, registrationId: await registered, data })
  await cdp.detach()
}

/** What the service worker shows. */
const shown = (page: Page) =>
  page.evaluate(async () => (await (await navigator.serviceWorker.getRegistration())!.getNotifications()).map((n) => ({ title: n.title, body: n.body, tag: n.tag, link: (n.data as { link: string }).link })))

test('staff: the switch, an answer that is pushed, the notification; switched off, nothing comes any more', async ({ browser, pushing: { server }, service }) => {
  const { people } = await pool(server, 'PUSHED', 1)
  const sara = people[0]!
  const sub = new Subscription('staff')
  const page = await subscribed(server, browser, 'planner', '/staff/settings', sub)
  await server.api('planner', 'POST', `/conversations/${sara.id}/claim`, {})
  await reply(server, sara, 'I am at the door')
  await expect.poll(() => service.got.filter((g) => g.path === sub.path).length, { timeout: 30_000 }).toBe(1)
  const got = service.got.find((g) => g.path === sub.path)!
  expect(got.encoding).toBe('aes128gcm')
  expect(got.authorization).toMatch(/^vapid t=/)
  const push = sub.open(got.body)
  expect(push).toMatchObject({ title: sara.name, line: 'I am at the door', link: `/staff/messages?open=${sara.id}` })

  // A page of the staff that is in front shows it itself.
  await page.bringToFront()
  await deliver(page, server, JSON.stringify(push))
  expect(await shown(page)).toEqual([])
  // With the candidates' sign-in in front it is shown; a second of the same tag takes its place.
  await page.goto('/sign-in')
  await deliver(page, server, JSON.stringify(push))
  const notification = { title: sara.name, body: 'I am at the door', tag: push.tag, link: `${server.url}/staff/messages?open=${sara.id}` }
  await expect.poll(() => shown(page)).toEqual([notification])
  await deliver(page, server, JSON.stringify({ ...push, line: 'Again' }))
  await expect.poll(() => shown(page)).toEqual([{ ...notification, body: 'Again' }])

  await page.goto('/staff/settings')
  const device = page.getByLabel('Notify me on this device')
  await expect(device).toBeChecked()
  const gone = page.waitForResponse((r) => r.url().endsWith('/me/push') && r.request().method() === 'DELETE')
  await device.uncheck()
  expect((await gone).status()).toBe(204)
  const before = service.got.length
  await reply(server, sara, 'Nobody hears this')
  await expect.poll(async () => (await server.api<{ deliveries: { channel: string; state: string }[] }>('planner', 'GET', '/deliveries?channel=push')).deliveries.filter((d) => d.state === 'waiting' || d.state === 'sending').length).toBe(0)
  expect(service.got.length).toBe(before)
})

test('a candidate who is away: the message is pushed, and opens their own page', async ({ browser, pushing: { server }, service }) => {
  test.setTimeout(100_000)
  const { people, group } = await pool(server, 'AWAY', 1)
  const one = people[0]!
  const sub = new Subscription('candidate')
  const page = await subscribed(server, browser, one.login as Login, '/settings', sub)
  await page.goto('/livez') // the page is closed: nothing is on screen
  await server.api('planner', 'POST', `/conversations/${one.id}/messages`, { key: key(), body: 'Room 4, not room 3', group })
  // A push waits half a minute: who has it on screen by then needs none.
  await expect.poll(() => service.got.filter((g) => g.path === sub.path).length, { timeout: 60_000 }).toBe(1)
  const push = sub.open(service.got.find((g) => g.path === sub.path)!.body)
  expect(push).toMatchObject({ line: 'Room 4, not room 3', link: '/' })
  await page.goto('about:blank')
  await deliver(page, server, JSON.stringify(push))
  await page.goto('/livez')
  await expect.poll(() => shown(page)).toEqual([{ title: push.title, body: 'Room 4, not room 3', tag: push.tag, link: `${server.url}/` }])
})

test('signing out ends the pushes, here and at the server; the same person’s next sign-in on the device brings none back unasked', async ({ browser, pushing: { server }, service }) => {
  const { people } = await pool(server, 'LEFT', 1)
  const sara = people[0]!
  const sub = new Subscription('left')
  const page = await subscribed(server, browser, 'planner', '/staff/settings', sub)
  await server.api('planner', 'POST', `/conversations/${sara.id}/claim`, {})
  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL(/\/sign-in/)
  expect(await page.evaluate(() => sessionStorage.getItem('test.push'))).toBeNull()
  const before = service.got.length
  await reply(server, sara, 'Nobody at this computer reads this')
  await expect.poll(async () => (await server.api<{ deliveries: { channel: string; state: string }[] }>('planner', 'GET', '/deliveries?channel=push')).deliveries.filter((d) => d.state === 'waiting' || d.state === 'sending').length).toBe(0)
  expect(service.got.length).toBe(before)
})

test('a sign-in that is ended from elsewhere takes its pushes along; the person who signs in again goes on with them', async ({ browser, pushing: { server }, service }) => {
  test.slow()
  const { people } = await pool(server, 'ENDED', 1)
  const sara = people[0]!
  const sub = new Subscription('ended')
  const page = await subscribed(server, browser, 'planner', '/staff/settings', sub)
  const me = await page.evaluate(async () => ((await (await fetch('/api/v1/session')).json()) as { me: { id: string } }).me.id)
  await server.api('planner', 'POST', `/conversations/${sara.id}/claim`, {})
  const pushed = () => service.got.filter((g) => g.path === sub.path).length
  await page.goto('about:blank') // nobody looks, so that the device is told
  await reply(server, sara, 'I am at the door')
  await expect.poll(pushed, { timeout: 30_000 }).toBe(1)
  await server.api('admin', 'DELETE', `/people/${me}/sessions`)
  await reply(server, sara, 'Nobody is signed in')
  await expect.poll(async () => (await server.api<{ deliveries: { channel: string; state: string }[] }>('admin', 'GET', '/deliveries?channel=push')).deliveries.filter((d) => d.state === 'waiting' || d.state === 'sending').length).toBe(0)
  expect(pushed()).toBe(1)
  await page.goto('/sign-in?next=/staff/settings')
  await page.getByLabel('Login').fill('planner')
  await page.getByLabel('Password', { exact: true }).fill('crier-demo')
  await page.keyboard.press('Enter')
  await expect(page.getByLabel('Notify me on this device')).toBeChecked()
  await page.goto('about:blank')
  await reply(server, sara, 'The same person is back')
  await expect.poll(pushed, { timeout: 30_000 }).toBe(2)
})

test('the browser says no: the switch stays off and says why', async ({ browser, pushing: { server } }) => {
  const page = await server.open(browser, 'planner', '/livez')
  await page.context().addInitScript(() => {
    Object.defineProperty(Notification, 'permission', { get: () => 'denied' })
    Notification.requestPermission = () => Promise.resolve('denied')
  })
  await page.goto('/staff/settings')
  await expect(page.getByLabel('Notify me on this device')).toBeDisabled()
  await expect(page.getByText('This browser forbids notifications for this site')).toBeVisible()
})
