import { readFile } from 'node:fs/promises'
import { anna, key, pool } from './chat-people'
import { accessible, expect, shot, test, type Login } from './staff-server'

const plan = Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.alloc(7 << 20, 'plan ')])

test('a link to a file in a mail signs in and then hands the file over; a bad one is explained', async ({ browser, server }) => {
  const { people } = await pool(server, 'LINKFILE', 2)
  const [one, other] = people
  const to = `/conversations/${one!.id}`
  const session = await browser.newContext({ baseURL: server.url })
  await session.request.post('/api/v1/session', { data: { organisation: 'demo', login: anna, password: 'crier-demo' } })
  const taken = await session.request.post(`/api/v1${to}/attachments?name=${encodeURIComponent('Site plan på.pdf')}`, { data: plan, headers: { 'content-type': 'application/octet-stream' } })
  const { attachment } = (await taken.json()) as { attachment: { id: string } }
  await server.api(anna, 'POST', `${to}/messages`, { key: key(), body: 'The plan', channels: ['email'], attachments: [attachment.id] })
  await session.close()

  const context = await browser.newContext({ baseURL: server.url })
  const page = await context.newPage()
  // As a mail of an earlier version, and as a browser that comes from a webmail, has it.
  await page.goto(`/api/v1/attachments/${attachment.id}`)
  await expect(page).toHaveURL(new RegExp(`/sign-in\\?next=%2Ffiles%2F${attachment.id}`))
  await page.getByLabel('Login').fill(one!.login)
  await page.getByLabel('Password', { exact: true }).fill('crier-demo')
  const coming = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Sign in' }).click()
  const file = await coming
  expect(file.suggestedFilename()).toBe('Site plan på.pdf')
  expect((await readFile(await file.path())).length).toBe(plan.length)
  await expect(page.getByRole('heading', { name: 'Site plan på.pdf' })).toBeVisible()
  await accessible(page)
  await shot(page, 'link-file')
  await context.close()

  const wrong = await server.open(browser, other!.login as Login, `/files/${attachment.id}`)
  await expect(wrong.getByRole('heading', { name: 'The file cannot be downloaded' })).toBeVisible()
  await accessible(wrong)
  await wrong.context().close()
})

test('the link of a mail about an export downloads it; one that is gone is explained', async ({ browser, server }) => {
  const { people } = await pool(server, 'LINKEXPORT', 1)
  const { export: made } = await server.api<{ export: { id: string } }>(anna, 'POST', '/exports', { people: [people[0]!.id], transcript: true })
  await expect.poll(async () => (await server.api<{ export: { state: string } }>(anna, 'GET', `/exports/${made.id}`)).export.state).toBe('ready')
  const context = await browser.newContext({ baseURL: server.url })
  const page = await context.newPage()
  await page.goto(`/staff/exports?fetch=${made.id}`)
  await page.getByLabel('Login').fill(anna)
  await page.getByLabel('Password', { exact: true }).fill('crier-demo')
  const coming = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Sign in' }).click()
  expect((await coming).suggestedFilename()).toMatch(/\.zip$/)
  await expect(page.getByText('The download has started.')).toBeVisible()
  await shot(page, 'link-export')
  await page.goto('/staff/exports?fetch=0198c0de-0000-7000-8000-000000000000')
  await expect(page.getByText('can no longer be downloaded')).toBeVisible()
  await accessible(page)
  await context.close()
})

test('the page of a link that needs no signing in explains itself without a session', async ({ browser, server }) => {
  const context = await browser.newContext({ baseURL: server.url })
  const page = await context.newPage()
  const answer = await page.goto('/download/ethislinkisnone')
  expect(answer?.status()).toBe(404)
  await expect(page.getByText('This link does not lead to a file')).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Download a file' })).toHaveCSS('font-size', '20px') // the style is let in
  await accessible(page)
  await shot(page, 'link-none')
  await context.close()
})
