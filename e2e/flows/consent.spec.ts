import { register, signIn, takeEntry } from '../support/api.ts'
import { codesIn } from '../support/pdf.ts'
import { newName, newResidentID, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter, signInOnScreen } from '../support/walk.ts'

test("a guardian consents for a child and withdraws it, and the class teacher's count follows", async ({ page, t }) => {
  const [parent, province, teacher] = [await register('parent'), await signIn('sichuan1', password), await signIn('teacher1', password)]
  const child = await takeEntry('student', (e) => e.has_class && Number(e.id_number.slice(6, 10)) > new Date().getFullYear() - 13)
  const { id } = await parent.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'parent', id_type: 'resident_id', id_number: child.id_number, name: child.name, guardian_name: '王芳', relation: 'mother' })
  await province.ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [id], confirm: true })
  await signInOnScreen(page, t, parent.username, parent.password)
  const card = page.locator('section').filter({ has: page.getByRole('heading', { name: t('consent.title') }) })
  const first = card.getByRole('listitem').first()
  await expect(first).toContainText(t('consent.state.not_asked'))
  // The text stands open before 同意 can be pressed, and what is to be decided is said to be open.
  await expect(first.locator('.text')).toBeVisible()
  await expect(page.getByText(t('consent.open_decisions', { n: 2 }))).toBeVisible()
  await first.getByRole('button', { name: t('consent.give'), exact: true }).click()
  await expect(first).toContainText(t('consent.state.given'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await first.getByRole('button', { name: t('consent.withdraw') }).click()
  await expect(first).toContainText(t('consent.state.withdrawn'))
  await card.getByRole('link', { name: t('consent.history') }).first().click()
  const said = page.getByRole('list', { name: t('consent.history') }).getByRole('listitem')
  await expect(said).toHaveCount(2)
  await expect(said.first()).toContainText(t('consent.decision.withdrawn'))
  await expect(said.last()).toContainText(t('consent.channel.space'))
  await expect(page.getByRole('list', { name: t('own.links.title') })).toContainText(child.name)
  await expectNoOverflow(page)
  await expectAccessible(page)
  const history = await parent.api.ok(200, 'GET', `/api/v1/me/consents/history?guardianship_id=${id}`)
  expect(history.items.map((one: { decision: string }) => one.decision)).toEqual(['withdrawn', 'given'])
  const own = (await teacher.ok(200, 'GET', '/api/v1/me/space')).classes_taught.find((one: { head: boolean }) => one.head)
  expect((await teacher.ok(200, 'GET', `/api/v1/classes/${own.id}/consents`)).purposes[0].given).toBeGreaterThan(0)
})

test("a class teacher sees for each pupil who consented to which version, when and how, and what was said before", async ({ page, t }) => {
  const [parent, teacher, school] = [await register('parent'), await signIn('teacher1', password), await signIn('school1', password)]
  const space = await teacher.ok(200, 'GET', '/api/v1/me/space')
  const own = space.classes_taught.find((one: { head: boolean }) => one.head)
  const child = { id_type: 'resident_id', id_number: newResidentID(`${new Date().getFullYear() - 10}0412`), name: newName() }
  await school.ok(201, 'POST', '/api/v1/admin/registry', { ...child, kind: 'student', school_id: space.school.id, class_id: own.id })
  const { id } = await parent.api.ok(201, 'POST', '/api/v1/me/binding', { ...child, kind: 'parent', guardian_name: '王芳', relation: 'mother' })
  await teacher.ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [id], confirm: true })
  for (const given of [true, false]) await parent.api.ok(204, 'POST', '/api/v1/me/consents', { guardianship_id: id, decisions: [{ purpose: 'third_party_apps', version: 1, given }] })
  await enter(page, { username: 'teacher1', password })
  await page.goto(`/space/classes/${own.id}`)
  await page.getByRole('button', { name: t('consent.remind') }).click()
  await expect(page.getByRole('button', { name: t('common.cancel') })).toBeVisible() // nothing is sent before it is confirmed
  await page.getByRole('button', { name: t('common.cancel') }).click()
  await page.getByRole('button', { name: t('consent.list') }).click()
  const list = page.getByRole('list', { name: t('consent.list') })
  const more = page.locator('section').filter({ has: list }).getByRole('button', { name: t('common.more') })
  const pupil = list.getByRole('listitem').filter({ hasText: child.name })
  await expect(async () => {
    if (await more.isVisible()) await more.click()
    await expect(pupil).toBeVisible({ timeout: 500 })
  }).toPass()
  await page.getByLabel(t('consent.narrow.label')).selectOption('unlinked')
  await expect(pupil).toHaveCount(0)
  await expect(list).toContainText(t('consent.stands.unlinked'))
  await page.getByLabel(t('consent.narrow.label')).selectOption('refused')
  await expect(pupil).toContainText(t('consent.stands.withdrawn'))
  await expect(pupil).toContainText(t('consent.version', { n: 1 }))
  await pupil.getByRole('button', { name: t('consent.earlier_of', { name: child.name }) }).click()
  await expect(pupil.getByRole('list', { name: t('consent.history') }).getByRole('listitem')).toHaveCount(2)
  await expectNoOverflow(page)
  await expectAccessible(page)
})

test("a child's slip answers until it has confirmed a guardian, who alone decides from then on, in the space", async ({ page, t }) => {
  const [parent, school] = [await register('parent'), await signIn('school1', password)]
  const { scope_id: school_id } = (await school.ok(200, 'GET', '/api/v1/me')).admin_grants[0]
  const [{ id: class_id }] = (await school.ok(200, 'GET', `/api/v1/admin/classes?school_id=${school_id}`)).items
  const child = { id_type: 'resident_id', id_number: newResidentID(`${new Date().getFullYear() - 10}0412`), name: newName() }
  const entry = await school.ok(201, 'POST', '/api/v1/admin/registry', { ...child, kind: 'student', school_id, class_id })
  const [code] = codesIn(await (await school.send('POST', '/api/v1/slips', { class_id, entry_ids: [entry.id] })).body())
  await parent.api.ok(201, 'POST', '/api/v1/me/binding', { ...child, kind: 'parent', guardian_name: '王芳', relation: 'mother' })
  await page.goto('/consent')
  const typed = page.getByLabel(t('consent.code'), { exact: true })
  await page.getByRole('button', { name: t('consent.open') }).click()
  await expect(page.getByText(t('guardian.slip_empty'))).toBeVisible()
  await typed.fill('2222')
  await page.getByRole('button', { name: t('consent.open') }).click()
  await expect(page.getByRole('main')).toContainText(/12/)
  await typed.fill(code!)
  await page.getByRole('button', { name: t('consent.open') }).click()
  await expect(page.getByRole('button', { name: t('consent.send') })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  await enter(page, parent)
  await page.goto('/space')
  const byCode = page.getByLabel(t('guardian.slip'), { exact: true })
  const confirm = page.getByRole('button', { name: t('guardian.slip_use') })
  await confirm.click()
  await expect(page.getByText(t('guardian.slip_empty'))).toBeVisible()
  await byCode.fill('2222')
  await confirm.click()
  await expect(page.locator('.waits')).toContainText(/12/)
  await byCode.fill(code!)
  await confirm.click()
  // What is asked for the new child, and how much of it, stands there without loading the page again.
  await expect(page.getByText(t('consent.open_decisions', { n: 2 }))).toBeVisible()
  await page.goto(`/consent?code=${code}`)
  await expect(page.getByText(t('consent.by_guardians'), { exact: true })).toBeVisible()
  await expect(page.getByRole('button', { name: t('consent.send') })).toHaveCount(0)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('consent.to_space') }).click()
  await expect(page.locator('#consents')).toContainText(child.name)
  // What waits for an answer waits in whatever role.
  await page.getByRole('banner').getByLabel(t('common.nav.role')).selectOption('public')
  await expect(page.getByText(t('consent.open_decisions', { n: 2 }))).toBeVisible()
})
