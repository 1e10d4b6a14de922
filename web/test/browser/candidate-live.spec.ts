import { accessible, expect, fits, shot, test, upToDate } from './candidate-people'

test('room, seat, extra time, the test’s end and name, submitted, taken off the list: an open page follows without a reload', async ({ candidate }) => {
  await candidate.enrol({ minutesLeft: 30 })
  const page = await candidate.sit()
  const home = await candidate.page('/')
  await upToDate(home)
  await page.getByLabel('Your answer').fill('Half a sentence')
  await expect(page.getByRole('timer')).toHaveText(/^(29|30):/)

  await candidate.change({ room: 'Hall B', seat: '7', extra_minutes: 20 })
  await expect(page.getByRole('timer')).toHaveText(/^(49|50):/)
  await expect(page.getByText('Hall B', { exact: true })).toBeVisible()
  await expect(page.getByText('Seat 7', { exact: true })).toBeVisible()
  await expect(page.getByText(/Mathematics 1 now ends at/)).toBeVisible()
  await expect(home.getByText('+20 min extra time')).toBeVisible()
  await shot(page, 'live-changed')

  await candidate.changeTest({ name: 'Mathematics 1B', ends_at: new Date(Date.now() + 100 * 60_000).toISOString() })
  await expect(page.getByRole('heading', { name: 'Mathematics 1B' })).toBeVisible()
  await expect(page.getByRole('timer')).toHaveText(/^(1:59|2:00):/)

  await candidate.change({ progress: 'submitted' })
  await expect(page.getByText('You have submitted this test.')).toBeVisible()
  await expect(home.getByText('submitted')).toBeVisible()

  await candidate.change({ progress: 'in_progress' })
  await candidate.change({ state: 'left' })
  await expect(page.getByRole('alert').getByText('You are no longer on the list of Mathematics 1B.')).toBeVisible()
  await expect(page.getByLabel('Your answer')).toHaveValue('Half a sentence')
  await expect(page.getByLabel('Your answer')).not.toBeEditable()
  await accessible(page)
  await expect(home.getByText('You are no longer on the list of Mathematics 1B.')).toBeVisible()
  await accessible(home)
  await home.setViewportSize({ width: 360, height: 740 })
  await fits(home)
  await shot(home, 'live-off-360')
})

test('what changes while a page is cut off is read when it comes back', async ({ candidate }) => {
  await candidate.enrol({ minutesLeft: 30 })
  const page = await candidate.sit()
  await page.context().setOffline(true)
  await expect(page.locator('[data-phase=offline]')).toBeVisible()
  await candidate.change({ extra_minutes: 60 })
  await page.context().setOffline(false)
  await upToDate(page)
  await expect(page.getByRole('timer')).toHaveText(/^1:(29|30):/, { timeout: 15_000 })
})
