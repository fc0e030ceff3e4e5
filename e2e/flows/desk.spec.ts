import { administrator, Api, register, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter, said, signOutOnScreen } from '../support/walk.ts'

test('a request that the school leaves unanswered goes to the county, whose ready answer reaches whoever waits', async ({ page, t }) => {
  const school = await administrator('school')
  const county = await administrator('county')
  const person = await register('student')
  const name = newName()
  const asked = await person.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/tickets', {
    kind: 'missing_entry', school_id: school.scope.id, entry_kind: 'student', id_type: 'resident_id', id_number: newResidentID(), name,
  })

  await enter(page, person)
  await page.goto('/me/tickets')
  const steps = page.locator('ol.steps')
  await expect(steps).toContainText(t('me.tickets.step.waits', { scope: school.scope.name }))
  await expect(page.getByText(t('me.tickets.meanwhile.missing_entry'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  // Days pass.
  await (await Api.open()).ok(200, 'POST', `/demo/overdue?ticket=${asked.id}`)
  await page.reload()
  await expect(steps).toContainText(t('me.tickets.step.escalated', { from: school.scope.name, to: county.scope.name }))
  await expect(steps).toContainText(t('me.tickets.step.waits', { scope: county.scope.name }))
  await signOutOnScreen(page, t)

  await enter(page, county)
  await page.goto('/admin/tickets')
  const views = page.getByRole('navigation', { name: t('admin_tickets.views') })
  await views.getByRole('button', { name: t('admin_tickets.view.overdue') }).click()
  await page.getByRole('row', { name }).click()
  const drawer = page.getByRole('dialog', { name: t('admin_tickets.kind.missing_entry') })
  await expect(drawer.getByRole('region', { name: t('admin_tickets.way') })).toContainText(t('me.tickets.step.escalated', { from: school.scope.name, to: county.scope.name }))
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

  await enter(page, person)
  await page.goto('/me/tickets')
  const ready = (await person.api.ok<{ items: { answer: string }[] }>(200, 'GET', '/api/v1/me/tickets')).items[0]!.answer
  expect(ready).not.toBe('')
  await expect(page.getByRole('main')).toContainText(t('me.tickets.answer', { answer: '' }).trim())
  await expect(steps.last()).toContainText(t('me.tickets.step.declined', { by: county.scope.name }))
  expect((await (await signIn(county.username, county.password)).ok<{ items: { id: string }[] }>(200, 'GET', '/api/v1/admin/requests?view=ended')).items.map(({ id }) => id)).toContain(asked.id)
})

test('customer service finds a request by its number, writes to whoever waits and hands it on; what is not theirs says whose it is', async ({ page, t }) => {
  const school = await administrator('school')
  const county = await administrator('county')
  const person = await register('student')
  const number = newResidentID()
  const asked = await person.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/tickets', {
    kind: 'missing_entry', school_id: school.scope.id, entry_kind: 'student', id_type: 'resident_id', id_number: number, name: newName(),
  })

  await enter(page, await administrator('service'))
  await page.goto('/admin/no-such-page')
  await page.getByRole('main').getByRole('button', { name: t('common.nav.admin') }).click()
  await expect(page.getByRole('heading', { name: t('admin.nav.overview') })).toBeVisible()
  await page.goto('/admin/looks')
  await expect(page.getByText(t('admin.closed.title', { page: t('admin.nav.looks') }))).toBeVisible()
  await expectAccessible(page)
  await page.keyboard.press('/')
  const find = page.getByRole('dialog', { name: t('admin.find.title') })
  const box = find.getByLabel(t('admin.find.label_service'))
  await box.fill(number)
  await box.press('Enter')
  await expect(find).toContainText(t('admin.find.closed', { ways: t('admin.find.ways.id_number') }))
  await box.fill(said(asked.id))
  await box.press('Enter')
  await find.getByRole('link', { name: t('admin.find.open_request') }).click()

  const drawer = page.getByRole('dialog', { name: t('admin_tickets.kind.missing_entry') })
  await expect(drawer).toContainText(`${number.slice(0, 6)}********${number.slice(14)}`)
  await expect(drawer.getByRole('button', { name: t('admin_tickets.reveal.button') })).toHaveCount(0)
  await drawer.getByLabel(t('admin_tickets.help.words')).fill('请等学校核对名册')
  await expectNoOverflow(page)
  await expectAccessible(page)
  await drawer.getByRole('button', { name: t('admin_tickets.help.tell') }).click()
  await expect(drawer.locator('.word')).toContainText('请等学校核对名册')
  await drawer.getByRole('button', { name: t('admin_tickets.help.up') }).click()
  const dialog = page.getByRole('dialog', { name: t('admin_tickets.help.up') })
  await dialog.getByRole('button', { name: t('admin_tickets.help.reason_up') }).click()
  await dialog.getByRole('button', { name: t('admin_tickets.help.hand'), exact: true }).click()
  await expect(drawer).toContainText(county.scope.name)

  await enter(page, person)
  await page.goto('/me/tickets')
  await expect(page.getByRole('main')).toContainText('请等学校核对名册')
  await expect(page.locator('ol.steps')).toContainText(t('me.tickets.step.waits', { scope: county.scope.name }))
  await expect(page.locator('ol.steps')).toContainText(t('admin_tickets.help.reason_up'))
  await expect(page.getByText(said(asked.id))).toBeVisible()
})
