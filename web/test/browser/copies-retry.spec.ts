// Copies that failed are tried again from the Deliveries page: a server of its own, which hands its mails to a mail server
// of ours that refuses at first.

import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server as Net } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pool, send } from './chat-people'
import { accessible, binary, expect, free, ready, Server, test as base } from './staff-server'

/** As much of SMTP as a mail needs to be refused or taken. */
class MailServer {
  refuses = true
  readonly taken: string[] = []
  #net: Net | undefined
  port = 0

  async start(): Promise<void> {
    this.#net = createServer((socket) => {
      let said = ''
      let body: string | undefined
      const say = (line: string) => socket.write(line + '\r\n')
      socket.on('error', () => {})
      socket.on('data', (data) => {
        said += data.toString()
        for (let end = said.indexOf('\r\n'); end >= 0; end = said.indexOf('\r\n')) {
          const line = said.slice(0, end)
          said = said.slice(end + 2)
          if (body !== undefined) {
            if (line !== '.') body += line + '\n'
            else {
              this.taken.push(body)
              body = undefined
              say('250 2.0.0 taken')
            }
          } else if (/^DATA/i.test(line)) {
            if (this.refuses) say('554 5.7.1 Not today')
            else {
              body = ''
              say('354 go on')
            }
          } else if (/^QUIT/i.test(line)) socket.end('221 2.0.0 bye\r\n')
          else say('250 2.0.0 ok')
        }
      })
      say('220 mail.test ESMTP')
    })
    await new Promise<void>((done) => this.#net!.listen(0, '127.0.0.1', done))
    this.port = (this.#net.address() as { port: number }).port
  }

  stop(): void {
    this.#net?.close()
  }
}

const test = base.extend<object, { sending: { server: Server; mail: MailServer } }>({
  sending: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const mail = new MailServer()
      await mail.start()
      const data = mkdtempSync(join(tmpdir(), 'crier-retry-'))
      const admin = (...args: string[]) => execFileSync(binary, ['admin', ...args, '--data', data], { input: 'crier-demo\n', stdio: ['pipe', 'ignore', 'pipe'] })
      admin('create-organisation', '--slug', 'demo', '--name', 'Demo University')
      admin('create-admin', '--organisation', 'demo', '--login', 'admin', '--name', 'Tomás Herrera', '--password-file', '-')
      const port = await free()
      const child = spawn(binary, ['serve', '--addr', `127.0.0.1:${port}`, '--data', data, '--smtp-addr', `127.0.0.1:${mail.port}`, '--smtp-tls', 'none', '--mail-domain', 'mail.test'], { stdio: ['ignore', 'pipe', 'pipe'] })
      try {
        const url = `http://127.0.0.1:${port}`
        await ready(url, child, '')
        const server = new Server(url)
        await server.api('admin', 'PUT', '/provisioning/people', { items: [{ external_id: 'planner', kind: 'staff', role: 'planner', given_name: 'Margaret', family_name: 'Osei', login: 'planner', password: 'crier-demo' }] })
        await use({ server, mail })
      } finally {
        const ended = new Promise((done) => child.once('exit', done))
        child.kill('SIGKILL')
        await ended
        mail.stop()
        rmSync(data, { recursive: true, force: true })
      }
    },
    { scope: 'worker', timeout: 60_000 },
  ],
})

test('failed mails are ticked and tried again; what fails again says why, what goes is marked as it comes along', async ({ browser, sending: { server, mail } }) => {
  const { people } = await pool(server, 'RETRY', 2)
  for (const one of people) await send(server, 'planner', one, 'The doors open at eight', { channels: ['email'] })
  const page = await server.open(browser, 'planner', '/staff/deliveries')
  const list = page.getByRole('list', { name: 'Deliveries' })
  const row = (i: number) => list.getByRole('listitem').filter({ hasText: people[i]!.name })
  await expect(row(0)).toContainText('failed')
  await expect(row(1)).toContainText('failed')
  expect(mail.taken).toEqual([])
  await page.getByRole('group', { name: 'By state' }).getByRole('button', { name: /^failed/ }).click()
  const again = page.getByRole('button', { name: /^Try \d+ again$/ })
  await expect(again).toBeDisabled()
  await row(0).getByRole('checkbox').check()
  await accessible(page)
  await again.click()
  await expect(page.getByText('1 is tried again')).toBeVisible()
  await expect(row(0)).toContainText('failed')
  await row(0).getByRole('button').click()
  await expect(page.getByRole('dialog').getByRole('list', { name: 'Attempts' }).getByRole('listitem')).toHaveCount(2)
  await expect(page.getByRole('dialog')).toContainText('Not today')
  await page.keyboard.press('Escape')

  mail.refuses = false
  await row(0).getByRole('checkbox').check()
  await row(1).getByRole('checkbox').check()
  await again.click()
  await expect(list.getByRole('listitem')).toHaveCount(0)
  await page.getByRole('group', { name: 'By state' }).getByRole('button', { name: /^All/ }).click()
  await expect(row(0)).toContainText('sent')
  await expect(row(1)).toContainText('sent')
  expect(mail.taken).toHaveLength(2)
})
