import { confirm, expect, popup, shot, test, upToDate } from './candidate-people'

test('network loss is visible and honest, nothing is lost, nothing comes twice', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.sit()
  const context = page.context()
  await page.getByLabel('Your answer').fill('Writing on')
  const first = await candidate.send('Before')
  await expect(popup(page)).toHaveAccessibleName('Before')
  await confirm(page)
  await candidate.reaches(first, 'acknowledged')

  await context.setOffline(true)
  const words = page.locator('[data-phase]')
  await expect(words).toHaveText('Offline. Messages will appear when the network is back. Your answers are not affected.')
  await shot(page, 'offline')
  const second = await candidate.send('While away')
  await page.waitForTimeout(1500)
  expect((await candidate.receipt(second)).state).toBe('queued')
  await context.setOffline(false)
  await upToDate(page)
  await expect(popup(page)).toHaveAccessibleName('While away')
  await confirm(page)
  await candidate.reaches(second, 'acknowledged')
  await expect(popup(page)).toHaveCount(0)
  await expect(page.getByLabel('Your answer')).toHaveValue('Writing on')
  await expect(page.getByRole('region', { name: 'Messages in this test' }).locator('details')).toHaveCount(2)
})

test('a socket that breaks without the browser noticing: reconnecting, said in words, then up to date', async ({ candidate }) => {
  await candidate.enrol()
  // The page's way to the server, which we can cut.
  const context = await candidate.device()
  const page = await context.newPage()
  let open = true
  const live: { close(options?: { code?: number }): Promise<void> }[] = []
  await page.routeWebSocket('**/socket', (socket) => {
    if (!open) return void socket.close({ code: 1013 })
    socket.connectToServer()
    live.push(socket)
  })
  await page.goto(`/test/${candidate.test}`)
  await upToDate(page)
  open = false
  for (const socket of live) await socket.close({ code: 1012 })
  await expect(page.locator('[data-phase]')).toHaveText('Reconnecting… Your answers are not affected.')
  const sent = await candidate.send('Meanwhile')
  open = true
  await upToDate(page)
  await expect(popup(page)).toHaveAccessibleName('Meanwhile')
  await candidate.reaches(sent, 'displayed')
})

test('first visit without a server: what happened and what to do', async ({ candidate }) => {
  await candidate.enrol()
  const page = await candidate.page('/')
  await upToDate(page)
  await page.route('**/api/v1/session', (route) => route.abort())
  await page.reload()
  await expect(page.getByText('The server could not be reached').first()).toBeVisible()
  await page.unroute('**/api/v1/session')
  await page.getByRole('button', { name: 'Try again' }).click()
  await expect(page.getByRole('heading', { name: 'Your tests' })).toBeVisible()
})

test('messages that cannot be read are said to be so, and tried again', async ({ candidate }) => {
  await candidate.enrol()
  await candidate.send('One')
  const page = await candidate.page('/')
  await expect(popup(page)).toBeVisible()
  await confirm(page)
  await page.route('**/api/v1/inbox*', (route) => route.fulfill({ status: 503, headers: { 'Retry-After': '3' }, json: { error: { code: 'unavailable', message: 'the database is away' } } }))
  await page.reload()
  const alert = page.getByRole('alert').filter({ hasText: 'Your messages could not be read' })
  await expect(alert).toContainText('Try again in 3 seconds.')
  await shot(page, 'inbox-failed')
  await page.unroute('**/api/v1/inbox*')
  await alert.getByRole('button', { name: 'Try again' }).click()
  await expect(page.locator('[data-message]')).toHaveCount(1)
  await expect(alert).toHaveCount(0)
})

test('the server’s word that it cannot store is passed on', async ({ candidate }) => {
  await candidate.enrol()
  const context = await candidate.device()
  const page = await context.newPage()
  let say: ((frame: unknown) => void) | undefined
  await page.routeWebSocket('**/socket', (socket) => {
    socket.connectToServer()
    say = (frame) => socket.send(JSON.stringify(frame))
  })
  await page.goto('/')
  await upToDate(page)
  say!({ type: 'status', sending: 'unavailable' })
  await expect(page.locator('[data-phase]')).toHaveText('Connected · the server cannot store anything at the moment')
  say!({ type: 'status', sending: 'ok' })
  await upToDate(page)
})
