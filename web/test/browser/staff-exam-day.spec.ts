// An exam day: rooms, moves, what changes while a message is written.

import { accessible, expect, monitorReady, shot, test } from './staff-server'

test('the preview before sending follows, and other groups filter', async ({ browser, server }) => {
  const id = await server.hall('FLW', 'Follow hall', 4)
  await server.api('admin', 'PUT', '/provisioning/groups', { items: [{ external_id: 'FLW-POOL', kind: 'pool', name: 'Follow pool' }] })
  const page = await server.open(browser, 'planner', `/staff/tests/${id}`)
  await monitorReady(page)
  // Live: the filter appears with the first member.
  await server.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ group: 'FLW-POOL', kind: 'pool', person: 'FLW-0001' }, { group: 'FLW-POOL', kind: 'pool', person: 'FLW-0002' }] })
  await page.getByRole('button', { name: 'Also in', exact: true }).click()
  await page.getByRole('dialog', { name: 'Also in' }).getByText('Follow pool').click()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: /^2 candidates of 4/ })).toBeVisible()
  await page.getByRole('button', { name: /^2 candidates of 4/ }).click()
  await page.getByRole('menuitem', { name: /Send message to all 2/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Send message' })
  await expect(dialog.getByRole('button', { name: 'Send to 2' })).toBeVisible()
  await expect(dialog.getByText('0 submitted')).toBeVisible()
  await dialog.getByLabel(/^Subject/).fill('Follows')

  await server.api('admin', 'POST', '/provisioning/progress', { items: [{ test: 'FLW', person: 'FLW-0001', progress: 'submitted' }] })
  await expect(dialog.getByText('1 submitted')).toBeVisible()
  await server.api('admin', 'PUT', '/provisioning/enrolments', { items: [{ group: 'FLW-POOL', kind: 'pool', person: 'FLW-0003' }] })
  await expect(dialog.getByRole('button', { name: 'Send to 3' })).toBeVisible()
  await expect(dialog.getByLabel(/^Subject/)).toHaveValue('Follows')
  await accessible(page)
  await dialog.getByLabel(/^Message/).fill('To three.')
  await dialog.getByRole('button', { name: 'Send to 3' }).click()
  await expect(page.getByText('Sent to 3 candidates')).toBeVisible()
})

test('a room where nobody sits is named to whoever is assigned to it', async ({ browser, server }) => {
  const id = await server.hall('EMP', 'Empty hall', 3)
  const { warnings } = await server.api<{ warnings: { message: string }[] }>('admin', 'PUT', '/provisioning/staff-scopes', { items: [{ person: 'staff-joao', test: 'EMP', rooms: ['Hall X'] }] })
  expect(warnings.map((w) => w.message).join()).toContain('Hall X')
  const page = await server.open(browser, 'joao', `/staff/tests/${id}`)
  await expect(page.getByText('Nobody sits in Hall X')).toBeVisible()
  await shot(page, 'empty-room')
  await accessible(page)
})
