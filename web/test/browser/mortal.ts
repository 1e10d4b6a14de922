import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from '@playwright/test'

const binary = process.env.CRIER_BIN ?? resolve(import.meta.dirname, '../../../bin/crier')

/** A server that can be killed and started again at the same address over the same data. */
export class Mortal {
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
