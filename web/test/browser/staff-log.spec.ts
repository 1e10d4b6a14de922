import { accessible, expect, shot, test } from './staff-server'

test('the log: filter, full text, exact recipients, the chain, CSV', async ({ browser, server }) => {
  const id = await server.hall('LOG', 'Log hall', 5)
  const send = (subject: string, people: number) =>
    server
      .api<{ candidates: { id: string }[] }>('planner', 'GET', `/tests/${id}/candidates?limit=${people}`)
      .then(({ candidates }) => server.api('planner', 'POST', `/tests/${id}/broadcasts`, { key: `log-${subject}-${Date.now()}`, subject, body: `Body of ${subject}.\nAnother line.`, recipients: { people: candidates.map((c) => c.id) } }))
  await send('First', 5)
  await send('=1+1 zebrafish', 2)

  const page = await server.open(browser, 'planner', '/staff/log')
  await expect(page.getByText(/Log verified: [\d,]+ entries/)).toBeVisible()
  await page.keyboard.press('/')
  await page.keyboard.type('zebrafish')
  const list = page.getByRole('list', { name: 'Entries' })
  await expect(list.getByRole('listitem')).toHaveCount(1)
  await expect(page).toHaveURL(/q=zebrafish/)
  await page.getByRole('link', { name: /=1\+1 zebrafish/ }).click()
  const entry = page.getByRole('article')
  await expect(entry.getByRole('heading', { name: '=1+1 zebrafish' })).toBeFocused()
  await expect(entry).toContainText('Another line.')
  await expect(entry).toContainText('Margaret Osei, Planner')
  await expect(entry.getByRole('heading', { name: 'The 2 recipients' })).toBeVisible()
  await expect(entry).toContainText('Given1 Family1')
  await expect(entry).toContainText('LOG-0001')
  await accessible(page)
  await shot(page, 'log')

  const csv = await page.getByRole('link', { name: 'Export CSV' }).getAttribute('href')
  expect(csv).toContain('q=zebrafish')
  const text = await (await page.request.get(csv!)).text()
  expect(text).toContain(`'=1+1 zebrafish`)
  expect(text).not.toContain('Body of First')

  // Everything, not only sendings; and nothing.
  await page.getByRole('button', { name: 'Clear filters' }).click()
  await page.getByLabel('Show').selectOption('Enrolments')
  await expect(list.getByRole('listitem').first()).toContainText('Enrolments')
  await page.getByLabel('Sender').fill('nobody of that name')
  await expect(page.getByText('No entry matches')).toBeVisible()
  await accessible(page)
  await page.reload()
  await expect(page.getByText('No entry matches')).toBeVisible()
})

test('an invigilator’s log holds the sendings of their rooms, without the chain', async ({ browser, server }) => {
  const page = await server.open(browser, 'joao', '/staff/log')
  await expect(page.getByRole('heading', { name: 'Log' })).toBeVisible()
  await expect(page.getByText(/Log verified/)).toHaveCount(0)
  await expect(page.getByLabel('Show', { exact: true })).toHaveCount(0)
})
