import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Candidate, confirm, expect, popup, test, upToDate } from './candidate-people'
import { Server } from './staff-server'

const binary = process.env.CRIER_BIN ?? resolve(import.meta.dirname, '../../../bin/crier')

/** A server that can be killed and started again at the same address over the same data. */
class Mortal {
  #child: ChildProcess | undefined
  readonly data = mkdtempSync(join(tmpdir(), 'crier-mortal-'))
  port = 0

  async start(): Promise<void> {
    if (!this.port) this.port = await free()
    const child = (this.#child = spawn(binary, ['demo', '--addr', `127.0.0.1:${this.port}`, '--data', this.data], { stdio: ['ignore', 'pipe', 'inherit'] }))
    let said = ''
    child.stdout!.on('data', (data) => (said += data))
    await expect.poll(() => said, { timeout: 45_000 }).toContain('Staff:')
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode) return
    const gone = new Promise((done) => child.once('exit', done))
    child.kill('SIGKILL')
    await gone
  }

  async end(): Promise<void> {
    await this.kill()
    rmSync(this.data, { recursive: true, force: true })
  }
}

async function free(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as { port: number }
  await new Promise((done) => server.close(done))
  return port
}

test('the server is killed and comes back: the page says so, keeps everything, and goes on by itself', async ({ browser }) => {
  test.setTimeout(120_000)
  const mortal = new Mortal()
  try {
    await mortal.start()
    const candidate = new Candidate(new Server(`http://127.0.0.1:${mortal.port}`), browser, 'mortal', 'Mathematics 1')
    await candidate.enrol()
    const page = await candidate.sit()
    await page.getByLabel('Your answer').fill('Before the crash')
    const first = await candidate.send('Shown before')
    await expect(popup(page)).toBeVisible()
    await candidate.reaches(first, 'displayed')

    await mortal.kill()
    await expect(page.locator('[data-phase]')).toHaveText('Reconnecting… Your answers are not affected.')
    // Confirmed while nobody listens: kept until somebody does.
    await confirm(page)
    await expect(popup(page)).toHaveCount(0)
    await page.getByLabel('Your answer').fill('Before the crash and after')

    await mortal.start()
    await upToDate(page)
    await candidate.reaches(first, 'acknowledged')
    const second = await candidate.send('Sent after')
    await expect(popup(page)).toHaveAccessibleName('Sent after')
    await confirm(page)
    await candidate.reaches(second, 'acknowledged')
    await expect(page.getByRole('region', { name: 'Messages in this test' }).locator('details')).toHaveCount(2)
    await expect(page.getByLabel('Your answer')).toHaveValue('Before the crash and after')
    await candidate.close()
    expect(candidate.faults).toEqual([])
  } finally {
    await mortal.end()
  }
})
