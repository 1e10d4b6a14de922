import { anna, key, ola, pool, staff } from './chat-people'
import { accessible, expect, shot, test } from './staff-server'

test('who is mentioned has a count in the navigation and a list that leads to the note; reading it counts down', async ({ browser, server }) => {
  const { people, group } = await pool(server, 'MENTION', 2)
  const page = await staff(server, browser, ola, {}, '/staff/messages')
  const bar = page.getByRole('navigation', { name: /sections|Sections|Pages/ }).or(page.locator('header nav'))
  await expect(bar.first().getByRole('link', { name: /Mentions/ })).toHaveCount(0)
  const { colleagues } = await server.api<{ colleagues: { id: string; name: string }[] }>(anna, 'GET', '/colleagues')
  const ola_ = colleagues.find((c) => c.name === 'Ola Berg')!.id
  for (const [i, person] of people.entries()) await server.api(anna, 'POST', `/conversations/${person.id}/notes`, { key: key(), group, body: `@Ola Berg please call, number ${i + 1}`, mentions: [ola_] })
  const link = bar.first().getByRole('link', { name: /Mentions.*2 unread mentions/ })
  await expect(link).toBeVisible()
  await link.click()
  await expect(page.getByRole('heading', { name: 'Mentions' })).toBeVisible()
  const rows = page.getByRole('main').getByRole('listitem')
  await expect(rows).toHaveCount(2)
  await expect(rows.first()).toContainText(`Anna Lind about ${people[1]!.name}`)
  await expect(rows.first()).toContainText('please call, number 2')
  await accessible(page)
  await shot(page, 'mentions')
  await rows.first().getByRole('link').click()
  await expect(page.getByRole('region', { name: people[1]!.name, exact: true }).getByText('please call, number 2')).toBeVisible()
  await expect(bar.first().getByRole('link', { name: /Mentions.*1 unread mention/ })).toBeVisible()
  await page.getByRole('navigation', { name: 'Folders and filters' }).getByRole('link', { name: /Mentions/ }).click()
  await expect(rows.filter({ hasText: 'unread' })).toHaveCount(1)
  // Live: one more comes while the list is open.
  await server.api(anna, 'POST', `/conversations/${people[0]!.id}/notes`, { key: key(), group, body: '@Ola Berg and once more', mentions: [ola_] })
  await expect(rows).toHaveCount(3)
})

test('mails about mentions go unless one says no', async ({ browser, server }) => {
  await pool(server, 'MENTIONMAIL', 1)
  const page = await staff(server, browser, ola, {}, '/staff/settings')
  const choice = page.getByRole('checkbox', { name: 'Email me when a colleague mentions me' })
  await expect(choice).toBeChecked()
  await choice.uncheck()
  await expect(page.getByText('Saved')).toBeVisible()
  await page.reload()
  await expect(choice).not.toBeChecked()
})
