// A session that lasts a minute: the page warns, lets it last, and when it has ended one signs in over the page.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { accessible, binary, expect, free, ready, Server, test as base } from './staff-server'

const test = base.extend<object, { brief: Server }>({
  brief: [
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const data = mkdtempSync(join(tmpdir(), 'crier-brief-'))
      const port = await free()
      const child = spawn(binary, ['demo', '--addr', `127.0.0.1:${port}`, '--data', data, '--session-length', '1m'], { stdio: ['ignore', 'pipe', 'pipe'] })
      const url = `http://127.0.0.1:${port}`
      try {
        await ready(url, child)
        await use(new Server(url))
      } finally {
        const ended = new Promise((done) => child.once('exit', done))
        child.kill('SIGKILL')
        await ended
        rmSync(data, { recursive: true, force: true })
      }
    },
    { scope: 'worker', timeout: 90_000 },
  ],
})

const soon = (page: Page) => page.getByRole('dialog', { name: 'You will be signed out soon' })
const over = (page: Page) => page.getByRole('dialog', { name: 'Your session has expired' })

async function signIn(page: Page, login: string): Promise<void> {
  await over(page).getByLabel('Login').fill(login)
  await over(page).getByLabel('Password', { exact: true }).fill('crier-demo')
  await page.keyboard.press('Enter')
}

test('staff: the page warns, lets the session last, and after its end goes on where it was, dialog and text included', async ({ browser, brief }) => {
  test.setTimeout(300_000)
  const page = await brief.open(browser, 'planner', '/staff/')
  await page.getByRole('link', { name: /Mathematics 1/ }).first().click()
  await page.getByRole('button', { name: '77 candidates' }).click()
  await page.getByRole('menuitem', { name: /Send message to all 77/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Send message' })
  await dialog.getByLabel(/^Subject/).fill('Room 4')
  await dialog.getByLabel(/^Message/).fill('Not finished yet')
  await page.evaluate(() => Object.assign(window, { same: true }))

  await expect(soon(page)).toBeVisible({ timeout: 75_000 })
  await accessible(page)
  const renewed = page.waitForResponse((r) => r.url().endsWith('/session/renewal'))
  await soon(page).getByRole('button', { name: 'Stay signed in' }).click()
  expect((await renewed).status()).toBe(200)
  await expect(soon(page)).toBeHidden()
  await expect(dialog.getByLabel(/^Message/)).toHaveValue('Not finished yet')

  await expect(soon(page)).toBeVisible({ timeout: 75_000 })
  await expect(over(page)).toBeVisible({ timeout: 75_000 })
  await accessible(page)
  await signIn(page, 'planner')
  await expect(over(page)).toBeHidden()
  await expect(dialog.getByLabel(/^Subject/)).toHaveValue('Room 4')
  await expect(dialog.getByLabel(/^Message/)).toHaveValue('Not finished yet')
  expect(await page.evaluate(() => 'same' in window)).toBe(true)
  await dialog.getByRole('button', { name: 'Send to 77' }).click()
  await expect(page.getByText('Sent to 77 candidates')).toBeVisible()
})

test('another person who signs in over the page finds nothing of the first', async ({ browser, brief }) => {
  const page = await brief.open(browser, 'planner', '/staff/')
  await page.getByRole('link', { name: /Mathematics 1/ }).first().click()
  await page.getByRole('button', { name: '77 candidates' }).click()
  await page.getByRole('menuitem', { name: /Send message to all 77/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Send message' })
  await dialog.getByLabel(/^Message/).fill('Between the two of us')
  await page.evaluate(() => Object.assign(window, { same: true }))
  await page.request.delete('/api/v1/session')
  await expect(over(page)).toBeVisible()
  await signIn(page, 'chief')
  await page.waitForFunction(() => !('same' in window))
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible()
  await expect(page.getByRole('dialog')).toBeHidden()
  expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toContain('Between the two')
})

test('who keeps using the page is neither warned nor signed out, and a candidate’s session lasts through their test, whatever they do not do', async ({ browser, brief }) => {
  test.setTimeout(180_000)
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString()
  await brief.api('admin', 'PUT', '/provisioning/people', { items: [{ external_id: 'slow', kind: 'candidate', given_name: 'Sara', family_name: 'Amin', login: 'slow', password: 'crier-demo' }] })
  await brief.api('admin', 'PUT', '/provisioning/tests', { items: [{ external_id: 'slow', name: 'Slow', starts_at: at(-10), ends_at: at(60) }] })
  await brief.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ test: 'slow', person: 'slow', room: 'A', seat: '1', progress: 'in_progress' }] })
  const candidate = await brief.open(browser, 'slow' as 'planner', '/')
  await expect(candidate.getByRole('heading', { name: 'Your tests' })).toBeVisible()
  const staff = await brief.open(browser, 'planner', '/staff/settings')
  const begin = Date.now()
  await expect
    .poll(
      async () => {
        await staff.keyboard.press('Shift')
        expect(await soon(staff).isVisible()).toBe(false)
        return Date.now() - begin
      },
      { timeout: 120_000, intervals: [3000] },
    )
    .toBeGreaterThan(90_000)
  expect((await staff.request.get('/api/v1/session/expiry')).status()).toBe(200)
  await expect(candidate.getByRole('dialog')).toBeHidden()
  expect((await candidate.request.get('/api/v1/session')).status()).toBe(200)
})
