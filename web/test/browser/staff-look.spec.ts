import type { Page } from '@playwright/test'
import { accessible, expect, fits, focusRow, shot, test, type Server } from './staff-server'

const longName = (i: number) =>
  i === 0
    ? { given_name: 'Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh Maximiliana Ekaterina', family_name: 'van der Cholmondeley-Majoribanks zu Hohenlohe-Langenburg-Oehringen' }
    : i === 1
      ? { given_name: 'محمد', family_name: 'عبد الرحمن الخوارزمي' }
      : { given_name: `Given${i}`, family_name: `Family${i}` }

const longTest = 'Introduction to the Theory of Unbounded Examination Halls, part II (resit, autumn), all campuses'

async function prepare(server: Server): Promise<{ test: string; broadcast: string; entry: string }> {
  const test = await server.hall('LOOK', longTest, 24, longName)
  const { broadcasts } = await server.api<{ broadcasts: { id: string }[] }>('planner', 'GET', `/tests/${test}/broadcasts`)
  let broadcast = broadcasts[0]?.id
  if (!broadcast) {
    const sent = await server.api<{ broadcast: { id: string } }>('planner', 'POST', `/tests/${test}/broadcasts`, {
      key: 'look-0001',
      subject: 'A subject that goes on for quite a while, so that it has to be cut off or broken somewhere sensible, whatever the width',
      body: 'Unbreakable'.repeat(30) + '\n\nمرحبا',
      recipients: { filter: {} },
    })
    broadcast = sent.broadcast.id
  }
  const { entries } = await server.api<{ entries: { id: string }[] }>('planner', 'GET', `/log?kind=broadcast.sent&test=${test}`)
  return { test, broadcast, entry: entries[0]!.id }
}

async function pages(server: Server): Promise<[string, string, (page: Page) => Promise<void>][]> {
  const { test, broadcast, entry } = await prepare(server)
  return [
    ['tests', '/staff/', (page) => page.getByRole('link', { name: longTest }).waitFor()],
    ['monitor', `/staff/tests/${test}`, (page) => page.getByRole('row', { name: /Wolfe/ }).waitFor()],
    ['board', `/staff/broadcasts/${broadcast}?show=all`, (page) => page.getByRole('row', { name: /Wolfe/ }).waitFor()],
    ['log', '/staff/log', (page) => page.getByRole('list', { name: 'Entries' }).waitFor()],
    ['entry', `/staff/log/${entry}`, (page) => page.getByRole('heading', { name: 'The 24 recipients' }).waitFor()],
  ]
}

for (const look of [
  { name: 'light', options: {} },
  { name: 'dark', options: { colorScheme: 'dark' as const } },
  { name: '360', options: { viewport: { width: 360, height: 740 }, hasTouch: true } },
  { name: '800', options: { viewport: { width: 800, height: 700 } } },
  { name: '2560', options: { viewport: { width: 2560, height: 1440 } } },
  { name: 'rtl', options: {} },
  { name: 'calm', options: { reducedMotion: 'reduce' as const } },
]) {
  test(`every page: axe finds nothing, nothing sticks out (${look.name})`, async ({ browser, server }) => {
    test.setTimeout(90_000)
    const page = await server.open(browser, 'planner', '/staff/', look.options)
    if (look.name === 'rtl') {
      // No right-to-left language is spoken yet; the layout is ready for one.
      await page.addInitScript(() => {
        const turn = () => document.documentElement && document.documentElement.dir !== 'rtl' && (document.documentElement.dir = 'rtl')
        new MutationObserver(turn).observe(document, { childList: true, subtree: true, attributes: true })
      })
    }
    for (const [name, path, ready] of await pages(server)) {
      await page.goto(path)
      await ready(page)
      await fits(page)
      await accessible(page)
      await shot(page, `${look.name}-${name}`)
    }
    await page.goto(`/staff/tests/${await server.test(longTest)}`)
    await focusRow(page, 0)
    await page.keyboard.press('Space')
    await page.keyboard.press('m')
    const dialog = page.getByRole('dialog', { name: 'Send message' })
    await expect(dialog.getByRole('button', { name: 'Send to 1' })).toBeVisible()
    await page.keyboard.press('Control+Enter')
    await expect(dialog.getByRole('status').getByText('Write a subject')).toBeVisible()
    await fits(page)
    await accessible(page)
    await shot(page, `${look.name}-send`)
    await page.keyboard.press('Escape')
    await focusRow(page, 0)
    await page.keyboard.press('?')
    await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible()
    await accessible(page)
  })
}

test('nothing yet: every empty page says what to do next', async ({ browser, server }) => {
  await server.api('admin', 'PUT', '/provisioning/tests', { items: [{ external_id: 'EMPTY', name: 'Nobody enrolled' }] })
  const page = await server.open(browser, 'planner', `/staff/tests/${await server.test('Nobody enrolled')}`)
  await expect(page.getByText('No candidates yet')).toBeVisible()
  await expect(page.getByText('Nothing was sent in this test yet.')).toBeVisible()
  await accessible(page)
  await page.goto('/staff/nowhere/at/all')
  await expect(page.getByText('There is no such page')).toBeVisible()
  await accessible(page)
})

test('the policy is strict, and nothing on the pages breaks it', async ({ browser, server }) => {
  const page = await server.open(browser, 'chief', '/staff/')
  const policy = (await page.request.get('/staff/')).headers()['content-security-policy'] ?? ''
  expect(policy).toContain("style-src 'self'")
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toContain('unsafe')
  // A violation would be an error in the console, which fails every test of this file.
})

test('a session that ends: the page stays, and sign-in leads back', async ({ browser, server }) => {
  const id = await server.test('Mathematics 1')
  const page = await server.open(browser, 'chief', `/staff/tests/${id}`)
  await expect(page.getByRole('button', { name: '77 candidates' })).toBeVisible()
  await page.request.delete('/api/v1/session')
  await expect(page.getByRole('dialog', { name: 'Your session has expired' })).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: '77 candidates' })).toBeVisible()
  await page.getByRole('alert').filter({ hasText: 'Your session has expired' }).getByRole('button', { name: 'Sign in' }).click()
  await page.getByLabel('Login').fill('chief')
  await page.getByLabel('Password', { exact: true }).fill('crier-demo')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('dialog')).toBeHidden()
  await expect(page).toHaveURL(new RegExp(`/staff/tests/${id}`))
})
