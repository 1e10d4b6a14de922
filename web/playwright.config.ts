import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineConfig } from '@playwright/test'

const specs = readdirSync(resolve(import.meta.dirname, 'test/browser')).filter((name) => name.endsWith('.spec.ts'))

/** Chromium against the real binary; each spec file starts what it needs (test/browser/*-server.ts). */
export default defineConfig({
  testDir: 'test/browser',
  outputDir: 'test-results',
  // Most of a test is waiting for the other side: two at once fit on two cores.
  workers: 2,
  // A project of its own for each file: workers, and with them the servers, are not shared, so no file meets what another has left.
  projects: specs.map((name) => ({ name: name.replace('.spec.ts', ''), testMatch: name })),
  timeout: 45_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-default-apps',
        '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      ],
    },
  },
})
