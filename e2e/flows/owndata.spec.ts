import { readFile } from 'node:fs/promises'
import { administrator, register, signIn, takeEntry, type Entry, type Person } from '../support/api.ts'
import { unzip } from '../support/files.ts'
import { newName } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, enter, signInOnScreen } from '../support/walk.ts'

/** A pupil who is verified as somebody of the demo's. */
async function verified(): Promise<{ person: Person; entry: Entry }> {
  const person = await register('student')
  const entry = await takeEntry('student')
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  return { person, entry }
}

test('somebody sees what is held about them, and takes it along as one file', async ({ page, t }) => {
  test.slow() // two people, one after the other
  const { person, entry } = await verified()
  const [province, city] = [await administrator('province'), await administrator('city')]
  const [admin, second] = [await signIn(province.username, province.password), await signIn(city.username, city.password)]
  const found = await admin.ok<{ items: { id: string; name: string }[] }>(200, 'GET', `/api/v1/admin/registry?id_number=${entry.id_number}`)
  const reason = `核对${newName()}`
  const path = `/api/v1/admin/registry/${found.items[0]!.id}`
  const look = await admin.ok<{ id: string }>(201, 'POST', `${path}/looks`, { reason })
  await second.ok(200, 'POST', `/api/v1/admin/looks/${look.id}/allow`)
  await admin.ok(200, 'POST', `${path}/reveal`, { reason })

  await enter(page, person)
  await page.goto('/me')
  await page.getByRole('main').getByRole('link', { name: t('own.title'), exact: true }).click()
  await expect(page.getByRole('heading', { name: t('own.title'), exact: true })).toBeVisible()
  const main = page.getByRole('main')
  await expect(main).toContainText(entry.name)
  await expect(main).toContainText(entry.school.name)
  await expect(main).toContainText(reason)
  await expect(main).not.toContainText(entry.id_number)
  await expectNoOverflow(page)
  await expectAccessible(page)

  const form = page.locator('form').filter({ has: page.getByRole('heading', { name: t('own.export.title') }) })
  await form.getByLabel(t('account.password.current')).fill('Wrong12345')
  await form.getByRole('button', { name: t('own.export.button'), exact: true }).click()
  await expect(form.locator('.error').filter({ hasText: /./ })).toBeVisible()
  await form.getByLabel(t('account.password.current')).fill(person.password)
  const saving = page.waitForEvent('download')
  await form.getByRole('button', { name: t('own.export.button'), exact: true }).click()
  const download = await saving
  expect(download.suggestedFilename()).toMatch(/\.zip$/)
  const files = unzip(await readFile(await download.path()))
  for (const name of ['data.json', 'data.html']) {
    const content = files[name]!.toString('utf8')
    for (const own of [person.username, person.phone, entry.name, entry.id_number, entry.school.name]) expect(content).toContain(own)
    expect(content).not.toContain(province.username)
  }
  await expect(form.getByText(t('own.export.done'))).toBeVisible()
})

test('a wrong name is corrected by the school in one step', async ({ page, t }) => {
  test.slow() // two people, one after the other
  const { person, entry } = await verified()
  const right = newName()
  await enter(page, person)
  await page.goto('/me/data')
  await page.getByRole('button', { name: t('own.correct.button') }).click()
  await page.getByLabel(t('own.correct.name'), { exact: true }).fill(right)
  await page.getByText(t('own.correct.id_number')).click()
  await expect(page.getByText(t('own.correct.id_number_why'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('request.send') }).click()
  await expect(page.getByText(t('request.filed_title'))).toBeVisible()
  await page.getByRole('button', { name: t('request.see') }).click()
  await expect(page.getByRole('main')).toContainText(t('request.kind.correction'))
  const tickets = await person.api.ok<{ items: { id: string }[] }>(200, 'GET', '/api/v1/me/tickets')

  const province = await administrator('province')
  await page.context().clearCookies()
  await enter(page, province)
  await page.goto(`/admin/tickets?ticket=${tickets.items[0]!.id}`)
  const drawer = page.getByRole('dialog')
  const row = drawer.getByRole('row').filter({ has: page.getByRole('rowheader', { name: t('admin_tickets.wrong.name') }) })
  await expect(row).toContainText(entry.name)
  await expect(row).toContainText(right)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await drawer.getByRole('button', { name: t('admin_tickets.complete.correct') }).click()
  await expect(drawer).toBeHidden()

  const data = await person.api.ok<{ people: { name: string }[] }>(200, 'GET', '/api/v1/me/data')
  expect(data.people[0]!.name).toBe(right)
})

test('an account is closed, and kept after all', async ({ page, t }) => {
  test.slow() // it signs in again, and waits for a code
  const person = await register('public')
  await enter(page, person)
  await page.goto('/me/data')
  await page.getByRole('button', { name: t('own.close.look') }).click()
  for (const part of ['now.use', 'deleted.phone', 'kept.entry']) await expect(page.getByText(t(`own.close.${part}`))).toBeVisible()
  await page.getByLabel(t('account.password.current')).fill(person.password)
  const phone = page.getByLabel(t('account.phone.label'), { exact: true })
  await phone.fill('13800000000')
  await expect(page.getByText(t('own.close.another_phone', { phone: `${person.phone.slice(0, 3)}****${person.phone.slice(7)}` }))).toBeVisible()
  await askAndTypeCode(page, t, person.phone)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('own.close.submit') }).click()
  await expect(page).toHaveURL(/\/me\/closing/)
  await expectNoOverflow(page)
  await expectAccessible(page)

  // Whoever signs in again gets to this page and to no other.
  await page.context().clearCookies()
  await signInOnScreen(page, t, person.phone, person.password)
  await expect(page).toHaveURL(/\/me\/closing/)
  await page.goto('/space')
  await expect(page).toHaveURL(/\/me\/closing/)
  await page.getByRole('button', { name: t('own.closing.keep') }).click()
  await expect(page).toHaveURL(/\/space/)
})

test('an administrator without another beside them is told why they cannot go', async ({ page, t }) => {
  const school = await administrator('school')
  await enter(page, school)
  await page.goto('/me/close')
  await expect(page.getByText(t('own.close.last_title'))).toBeVisible()
  await expect(page.getByRole('button', { name: t('own.close.submit') })).toHaveCount(0)
  await expectNoOverflow(page)
})
