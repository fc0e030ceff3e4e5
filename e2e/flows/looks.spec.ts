import { administrator, register, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter, signOutOnScreen } from '../support/walk.ts'

test('a county sees a full number of a school once the school has agreed, and once only', async ({ page, t }) => {
  test.slow() // two people on one screen
  const [county, school] = [await administrator('county'), await administrator('school')]
  const [name, id_number] = [newName(), newResidentID()]
  const desk = await signIn(school.username, school.password)
  await desk.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'student', name, id_type: 'resident_id', id_number, school_id: school.scope.id })
  const { items } = await desk.ok<{ items: { id: string }[] }>(200, 'GET', `/api/v1/admin/registry?q=${encodeURIComponent(name)}`)

  await enter(page, county)
  await page.goto(`/admin/registry?entry=${items[0]!.id}`)
  await page.getByRole('button', { name: t('admin_registry.reveal.button') }).click()
  const dialog = page.getByRole('dialog', { name: t('admin_registry.reveal.title') })
  await expect(dialog).toContainText(t('admin_registry.reveal.lead_elsewhere'))
  await dialog.getByRole('button', { name: t('admin_registry.reveal.reason_paper') }).click()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await dialog.getByRole('button', { name: t('admin_registry.reveal.ask'), exact: true }).click()
  await expect(dialog).toBeHidden()
  await expect(page.locator('body')).not.toContainText(id_number)
  await page.goto('/')
  await signOutOnScreen(page, t)

  await enter(page, school)
  await page.goto('/admin/looks')
  const one = page.getByRole('main').getByRole('listitem').filter({ hasText: name })
  await expect(one).toContainText(t('admin_registry.reveal.reason_paper'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await one.getByRole('button', { name: t('admin_looks.allow'), exact: true }).click()
  await expect(one).toBeHidden()
  await page.goto('/')
  await signOutOnScreen(page, t)

  await enter(page, county)
  await page.goto('/admin/looks?view=mine')
  await one.getByRole('button', { name: t('admin_looks.take') }).click()
  await expect(one.getByRole('status')).toContainText(id_number.slice(-4))
  await expect(one.getByRole('button')).toHaveCount(0)
  await expectNoOverflow(page)
  await page.reload()
  await expect(one).toBeVisible()
  await expect(one.getByRole('status')).toHaveCount(0)
})

test('above its school a request shows whom to reach and not the number, and no answer takes one', async ({ page, t }) => {
  const [county, school, person] = [await administrator('county'), await administrator('school'), await register('student')]
  const [name, id_number] = [newName(), newResidentID()]
  const asked = { kind: 'missing_entry', school_id: school.scope.id, entry_kind: 'student', id_type: 'resident_id', id_number, name }
  const { id } = await person.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/tickets', asked)
  await enter(page, county)
  await page.goto(`/admin/tickets?ticket=${id}`)
  const drawer = page.getByRole('dialog', { name: t('admin_tickets.kind.missing_entry') })
  await expect(drawer).toContainText(t('admin_tickets.reveal.number_for', { scope: school.scope.name }))
  await drawer.getByRole('button', { name: t('admin_tickets.reveal.button_contact') }).click()
  const dialog = page.getByRole('dialog', { name: t('admin_tickets.reveal.title_contact') })
  await dialog.getByRole('button', { name: t('admin_tickets.reveal.reason_call') }).click()
  await dialog.getByRole('button', { name: t('admin_tickets.reveal.confirm'), exact: true }).click()
  await expect(drawer).toContainText(person.phone)
  expect((await drawer.innerText()).replaceAll(/\s/g, '')).not.toContain(id_number)
  await expectNoOverflow(page)
  await expectAccessible(page)

  await drawer.getByRole('button', { name: t('admin_tickets.decline'), exact: true }).click()
  const answer = page.getByRole('dialog', { name: t('admin_tickets.decline_title') })
  const words = answer.getByLabel(t('admin_tickets.own_words'))
  await words.fill(`查无 ${id_number}`)
  await answer.getByRole('button', { name: t('admin_tickets.decline'), exact: true }).click()
  await expect(answer.locator('.error')).toBeVisible()
  await expect(words).toHaveValue(`查无 ${id_number}`)
})
