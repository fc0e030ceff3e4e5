import { administrator, Api, register, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { signInOnScreen, signOutOnScreen } from '../support/walk.ts'

test('a request that the school leaves unanswered goes to the county, whose ready answer reaches whoever waits', async ({ page, t }) => {
  const school = await administrator('school')
  const county = await administrator('county')
  const person = await register('student')
  const name = newName()
  const asked = await person.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/tickets', {
    kind: 'missing_entry', school_id: school.scope.id, entry_kind: 'student', id_type: 'resident_id', id_number: newResidentID(), name,
  })

  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/me/tickets')
  const steps = page.locator('ol.steps')
  await expect(steps).toContainText(t('me.tickets.step.waits', { scope: school.scope.name }))
  await expect(page.getByText(t('me.tickets.meanwhile.missing_entry'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  // Days pass.
  await (await Api.open()).ok(200, 'POST', `/demo/overdue?ticket=${asked.id}`)
  await page.reload()
  await expect(steps).toContainText(t('me.tickets.step.escalated', { scope: county.scope.name }))
  await expect(steps).toContainText(t('me.tickets.step.waits', { scope: county.scope.name }))
  await signOutOnScreen(page, t)

  await signInOnScreen(page, t, county.username, county.password)
  await page.goto('/admin/tickets')
  const views = page.getByRole('navigation', { name: t('admin_tickets.views') })
  await views.getByRole('button', { name: t('admin_tickets.view.overdue') }).click()
  await page.getByRole('row', { name }).click()
  const drawer = page.getByRole('dialog', { name: t('admin_tickets.kind.missing_entry') })
  await expect(drawer).toContainText(county.scope.name)
  await drawer.getByRole('button', { name: t('admin_tickets.take'), exact: true }).click()
  await expect(drawer).toContainText(t('admin_tickets.taken_me'))
  await expectNoOverflow(page)
  await drawer.getByRole('button', { name: t('admin_tickets.decline'), exact: true }).click()
  const dialog = page.getByRole('dialog', { name: t('admin_tickets.decline_title') })
  await dialog.getByRole('button', { name: t('admin_tickets.decline'), exact: true }).click()
  await expect(dialog).toContainText(t('admin_tickets.answer_empty'))
  await dialog.getByRole('group', { name: t('admin_tickets.ready') }).getByRole('button').first().click()
  await expectAccessible(page)
  await dialog.getByRole('button', { name: t('admin_tickets.decline'), exact: true }).click()
  await expect(page.getByText(t('admin_tickets.declined'))).toBeVisible()
  await expect(page.getByRole('row', { name })).toHaveCount(0)
  await signOutOnScreen(page, t)

  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/me/tickets')
  const ready = (await person.api.ok<{ items: { answer: string }[] }>(200, 'GET', '/api/v1/me/tickets')).items[0]!.answer
  expect(ready).not.toBe('')
  await expect(page.getByRole('main')).toContainText(t('me.tickets.answer', { answer: '' }).trim())
  await expect(page.locator('ol.steps')).toHaveCount(0)
  expect((await (await signIn(county.username, county.password)).ok<{ items: { id: string }[] }>(200, 'GET', '/api/v1/admin/requests?view=ended')).items.map(({ id }) => id)).toContain(asked.id)
})
