import type { Page } from '@playwright/test'
import { administrator, Api, register, signIn, takeEntry, type Entry, type Person } from '../support/api.ts'
import { newChildID, newName } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { chooseSchool, enter, said, signOutOnScreen } from '../support/walk.ts'

/** Somebody who is verified as the entry. */
async function verified(entry: Entry): Promise<Person> {
  const person = await register(entry.kind)
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: entry.kind, id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  return person
}

/** A school of the same county, other than the person's own, that has no demo administrator: the county's answers for it. */
async function anotherSchool(entry: Entry): Promise<{ id: string; name: string }> {
  const schools = await (await Api.open()).ok<{ items: { id: string; name: string }[] }>(200, 'GET', '/api/v1/schools?region=510104&limit=200')
  const other = schools.items.find(({ id }) => id !== entry.school.id)
  if (!other) throw new Error('the county has one school only')
  return other
}

/** What goes to the printer is the sheet alone, and it says this. */
async function expectPrinted(page: Page, press: () => Promise<void>, says: string[]): Promise<void> {
  await page.evaluate(() => { window.print = () => document.body.setAttribute('data-printed', '') })
  await press()
  await expect(page.locator('body[data-printed]')).toBeAttached()
  await page.emulateMedia({ media: 'print' })
  const sheet = page.locator('.printed-sheets')
  for (const one of says) await expect(sheet).toContainText(one)
  await expect(sheet).toBeVisible()
  await expect(page.locator('#app')).toBeHidden()
  await page.emulateMedia({ media: 'screen' })
  await expect(sheet).toBeHidden()
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')))
  await expect(sheet).toHaveCount(0)
  // What is printed afterwards is the page again.
  await page.emulateMedia({ media: 'print' })
  await expect(page.locator('#app')).toBeVisible()
  await page.emulateMedia({ media: 'screen' })
}

test('F-22 F-23 a pupil asks to change school, follows each step, and moves once both schools have approved', async ({ page, t }) => {
  const own = await administrator('school')
  const entry = await takeEntry('student', ({ school }) => school.id === own.scope.id)
  const to = await anotherSchool(entry)
  const pupil = await verified(entry)

  await enter(page, pupil)
  await page.goto('/me')
  await page.getByRole('button', { name: t('transfer.new') }).click()
  await chooseSchool(page, t('verify.school.school'), to.name)
  // Without a reason nothing is sent, and the chosen school stays.
  await page.getByRole('button', { name: t('transfer.send') }).click()
  await expect(page.getByText(t('transfer.reason_empty'))).toBeVisible()
  await page.getByLabel(t('transfer.reason')).fill('搬家到新学校附近')
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('transfer.send') }).click()
  const steps = page.locator('ol.steps')
  await expect(steps).toContainText(t('transfer.step.waits', { school: entry.school.name }))
  await expect(steps).toContainText(t('transfer.step.waits', { school: to.name }))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await signOutOnScreen(page, t)

  // The school that the pupil leaves approves; the county's administrator answers for the other.
  await enter(page, own)
  await page.goto('/admin/transfers')
  await page.getByRole('row', { name: entry.name }).first().click()
  const drawer = page.getByRole('dialog')
  await expect(drawer).toContainText(t('admin_transfers.effect.half', { name: entry.name, from: entry.school.name, to: to.name }))
  await expect(drawer).toContainText(`${entry.id_number.slice(0, 6)}********${entry.id_number.slice(14)}`)
  await expect(drawer).toContainText(`${to.name} · ${t('admin_transfers.class_there')}`)
  await expectAccessible(page)
  await drawer.getByRole('button', { name: t('admin_transfers.approve'), exact: true }).click()
  await expect(page.getByText(t('admin_transfers.approved.half'))).toBeVisible()
  await page.getByRole('checkbox', { name: t('admin_transfers.choose', { name: entry.name }) }).first().check()
  await expectPrinted(page, () => page.getByRole('button', { name: t('admin_transfers.print_chosen', { n: 1 }) }).click(), [
    t('transfer.sheet.title'), entry.name, `${entry.id_number.slice(0, 6)}********${entry.id_number.slice(14)}`,
    t('transfer.step.approved', { school: entry.school.name }), t('transfer.sheet.stamp', { school: to.name }),
  ])
  await expect((await pupil.api.ok(200, 'GET', '/api/v1/me')).binding.school.id).toBe(entry.school.id)

  // Customer service follows it by the number that the pupil reads out, and decides nothing.
  const [asked] = (await pupil.api.ok(200, 'GET', '/api/v1/me/transfers')).items
  await enter(page, await administrator('service'))
  await page.goto('/admin')
  await expect(page.getByRole('heading', { name: t('admin.nav.overview') })).toBeVisible()
  await page.keyboard.press('/')
  const find = page.getByRole('dialog', { name: t('admin.find.title') })
  await find.getByLabel(t('admin.find.label_service')).fill(said(asked.id))
  await page.keyboard.press('Enter')
  await find.getByRole('link', { name: t('admin.find.open_request') }).click()
  await expect(page.locator('ol.steps')).toContainText(t('transfer.step.waits', { school: to.name }))
  await expect(page.getByText(t('admin_transfers.not_yours'))).toBeVisible()
  await expect(page.getByRole('button', { name: t('admin_transfers.approve'), exact: true })).toHaveCount(0)

  const county = await administrator('county')
  const office = await signIn(county.username, county.password)
  await office.ok(200, 'POST', `/api/v1/admin/transfers/${asked.id}/approve`)
  await enter(page, pupil)
  await page.goto('/me/transfers')
  await expect(page.locator('ol.steps')).toContainText(t('transfer.step.completed', { school: to.name }))
  await page.goto('/me')
  await expect(page.getByRole('main')).toContainText(to.name)
})

test('F-22 F-23 a guardian is told of a child\'s change of school, objects, and chooses the new class by the child\'s name', async ({ page, t }) => {
  const own = await administrator('school')
  const school = await signIn(own.username, own.password)
  const child = { kind: 'student', name: newName(), id_type: 'resident_id', id_number: newChildID() }
  await school.ok(201, 'POST', '/api/v1/admin/registry', { ...child, school_id: own.scope.id })
  const [pupil, mother] = [await register('student'), await register('parent')]
  await pupil.api.ok(201, 'POST', '/api/v1/me/binding', child)
  const asked = await mother.api.ok(201, 'POST', '/api/v1/me/binding', { ...child, kind: 'parent', guardian_name: '王母', relation: 'mother' })
  await school.ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [asked.id], confirm: true })
  const to = await anotherSchool({ ...child, kind: 'student', school: own.scope, has_class: false })
  const { id } = await pupil.api.ok(201, 'POST', '/api/v1/me/transfers', { to_school_id: to.id, reason: '搬家' })

  await enter(page, mother)
  await page.goto('/space')
  await expect(page.getByText(t('transfer.child.title', { name: child.name, from: own.scope.name, to: to.name }))).toBeVisible()
  await page.getByRole('button', { name: t('transfer.child.object'), exact: true }).click()
  await page.getByLabel(t('transfer.child.reason')).fill('每天要走两小时')
  await expectAccessible(page)
  await expectNoOverflow(page)
  await page.getByRole('button', { name: t('transfer.child.send') }).click()
  await expect(page.getByText(t('transfer.child.objected', { reason: '每天要走两小时' }))).toBeVisible()

  await page.context().clearCookies()
  await enter(page, own)
  await page.goto(`/admin/transfers?transfer=${id}`)
  await expect(page.getByRole('dialog')).toContainText('每天要走两小时')
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await page.getByRole('checkbox', { name: t('admin_transfers.choose', { name: child.name }) }).check()
  await expect(page.getByRole('button', { name: t('admin_transfers.approve_chosen', { n: 0 }) })).toBeDisabled()
  const province = await administrator('province')
  const above = await signIn(province.username, province.password)
  const { objections } = await above.ok<{ objections: { at: string }[] }>(200, 'GET', `/api/v1/admin/transfers/${id}`)
  await above.ok(200, 'POST', `/api/v1/admin/transfers/${id}/approve`, { objections_read: objections[0]!.at })

  await page.context().clearCookies()
  await enter(page, mother)
  await page.goto('/space')
  await page.getByRole('link', { name: t('space.child_class') }).click()
  await expect(page.getByRole('heading', { name: t('verify.childs_class.almost', { name: child.name }) })).toBeVisible()
  await page.getByRole('radio').first().check({ force: true })
  await page.getByRole('button', { name: t('verify.childs_class.choose', { name: child.name }) }).click()
  await expect(page.getByRole('heading', { name: t('verify.childs_class.check', { name: child.name }) })).toBeVisible()
})

test('F-22 a rejected change of school says why, and another can be asked for and taken back', async ({ page, t }) => {
  const entry = await takeEntry('teacher', ({ school }) => school.name !== '')
  const to = await anotherSchool(entry)
  const teacher = await verified(entry)
  const asked = await teacher.api.ok(201, 'POST', '/api/v1/me/transfers', { to_school_id: to.id, reason: '工作调动' })
  const province = await administrator('province')
  const office = await signIn(province.username, province.password)
  await office.refused(422, 'invalid', 'POST', `/api/v1/admin/transfers/${asked.id}/reject`, { reason: '' })
  await office.ok(200, 'POST', `/api/v1/admin/transfers/${asked.id}/reject`, { reason: '编制已满' })

  await enter(page, teacher)
  await page.goto('/me/transfers')
  await expect(page.locator('ol.steps')).toContainText(t('transfer.why', { reason: '编制已满' }))
  await expectPrinted(page, () => page.getByRole('button', { name: t('transfer.print'), exact: true }).click(), [t('transfer.sheet.name'), entry.name, '工作调动', t('transfer.why', { reason: '编制已满' })])
  await page.getByRole('button', { name: t('transfer.new') }).click()
  await chooseSchool(page, t('verify.school.school'), to.name)
  await page.getByLabel(t('transfer.reason')).fill('再次申请')
  await page.getByRole('button', { name: t('transfer.send') }).click()
  await page.getByRole('button', { name: t('transfer.cancel'), exact: true }).click()
  await page.getByRole('button', { name: t('transfer.cancel_confirm') }).click()
  await expect(page.getByText(t('transfer.state.cancelled'), { exact: true }).first()).toBeVisible()
  await expect(page.getByRole('button', { name: t('transfer.new') })).toBeVisible()
})
