import { administrator, register, signIn, takeEntry } from '../support/api.ts'
import { newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter, signOutOnScreen } from '../support/walk.ts'

const masked = (number: string) => `${number.slice(0, 6)}********${number.slice(-4)}`

test('F-29 a wrong ID number is replaced, and the person goes on with the same account and space', async ({ page, t }) => {
  test.slow() // two people, one after the other
  const office = await administrator('school')
  const entry = await takeEntry('student', ({ school }) => school.id === office.scope.id)
  const pupil = await register('student')
  await pupil.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  const before = (await pupil.api.ok(200, 'GET', '/api/v1/me')).binding
  const right = newResidentID()

  await enter(page, office)
  await page.goto(`/admin/registry?name=${encodeURIComponent(entry.name)}`)
  const search = page.getByLabel(t('admin_registry.search.label'))
  await search.fill(entry.id_number)
  await search.press('Enter')
  await page.getByRole('row', { name: t('admin_registry.open', { name: entry.name }) }).click()
  const drawer = page.getByRole('dialog', { name: entry.name, exact: true })
  await drawer.getByRole('button', { name: t('admin_registry.replace.button') }).click()
  const dialog = page.getByRole('dialog', { name: t('admin_registry.replace.title', { name: entry.name }) })
  await expect(dialog).toContainText(masked(entry.id_number))
  const number = dialog.getByLabel(t('admin_registry.replace.after'))
  const reason = t('admin_registry.replace.reason_paper')
  const go = dialog.getByRole('button', { name: t('admin_registry.replace.confirm'), exact: true })

  // All that is missing is told at once.
  await go.click()
  await expect(dialog).toContainText(t('admin_registry.number_fault.empty'))
  await expect(dialog).toContainText(t('admin.reason.empty'))
  // A digit that does not fit is told of at once; the number that stands there already is no other.
  await number.fill(`${right.slice(0, 17)}${right.endsWith('1') ? '2' : '1'}`)
  await expect(dialog).toContainText(t('admin_registry.number_fault.check_digit'))
  await dialog.getByRole('button', { name: reason }).click()
  await number.fill(entry.id_number)
  await go.click()
  await expect(dialog.getByRole('alert').first()).toBeVisible()
  await expect(number).toHaveValue(entry.id_number)
  await expectNoOverflow(page)
  await expectAccessible(page)

  await number.fill(right)
  await go.click()
  const done = page.getByRole('dialog', { name: t('admin_registry.replace.done_title') })
  await expect(done).toContainText(masked(right))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await done.getByRole('button', { name: t('admin_registry.replace.finish') }).click()
  await expect(drawer).toContainText(masked(right))
  await expect(drawer).not.toContainText(masked(entry.id_number))
  // What happened to the person before is still told, beneath the replacement.
  await drawer.getByRole('button', { name: t('admin_registry.history.title') }).click()
  const history = drawer.getByRole('list', { name: t('admin_registry.history.title') })
  await expect(history.getByRole('listitem').first()).toContainText(reason)
  await expect(history).toContainText(t('record.binding.bind'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.goto('/admin/audit')
  await expect(page.getByRole('main')).toContainText(t('record.registry.replace', { masked_id_number_before: masked(entry.id_number), masked_id_number: masked(right) }))
  await expectNoOverflow(page)
  await signOutOnScreen(page, t)

  // The person signs in as before, to the same space, and reads the new number there.
  const after = (await (await signIn(pupil.username, pupil.password)).ok(200, 'GET', '/api/v1/me')).binding
  expect(after).toEqual({ ...before, masked_id_number: masked(right) })
  await enter(page, pupil)
  await page.goto('/me')
  await expect(page.getByRole('main')).toContainText(masked(right))
  await expectNoOverflow(page)
})

test('F-29 a number that is somebody else’s here leads to that person', async ({ page, t }) => {
  const office = await administrator('school')
  const api = await signIn(office.username, office.password)
  const add = async (name: string) => {
    const id_number = newResidentID()
    return { ...(await api.ok(201, 'POST', '/api/v1/admin/registry', { kind: 'teacher', name, id_type: 'resident_id', id_number, school_id: office.scope.id })), id_number }
  }
  const [one, other] = [await add('杜若飞'), await add('沈清河')]
  await enter(page, office)
  await page.goto(`/admin/registry?entry=${one.id}`)
  await page.getByRole('dialog', { name: one.name }).getByRole('button', { name: t('admin_registry.replace.button') }).click()
  const dialog = page.getByRole('dialog', { name: t('admin_registry.replace.title', { name: one.name }) })
  await dialog.getByLabel(t('admin_registry.replace.after')).fill(other.id_number)
  await dialog.getByRole('button', { name: t('admin_registry.replace.reason_typed') }).click()
  await dialog.getByRole('button', { name: t('admin_registry.replace.confirm'), exact: true }).click()
  await dialog.getByRole('alert').getByRole('button').first().click()
  await expect(page.getByRole('dialog', { name: other.name })).toContainText(masked(other.id_number))
  await expectNoOverflow(page)
})
