import { register, signIn, takeEntry } from '../support/api.ts'
import { password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { signInOnScreen } from '../support/walk.ts'

test("a guardian consents for a child and withdraws it, and the class teacher's count follows", async ({ page, t }) => {
  const [parent, province, teacher] = [await register('parent'), await signIn('sichuan1', password), await signIn('teacher1', password)]
  const child = await takeEntry('student', (e) => e.has_class && Number(e.id_number.slice(6, 10)) > new Date().getFullYear() - 13)
  const { id } = await parent.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'parent', id_type: 'resident_id', id_number: child.id_number, name: child.name, guardian_name: '王芳', relation: 'mother' })
  await province.ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [id], confirm: true })
  await signInOnScreen(page, t, parent.username, parent.password)
  const card = page.locator('section').filter({ has: page.getByRole('heading', { name: t('consent.title') }) })
  const first = card.getByRole('listitem').first()
  await expect(first).toContainText(t('consent.state.not_asked'))
  await first.getByText(t('consent.read')).click()
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

test('a guardian who mistypes the code of the slip is told beside its field', async ({ page, t }) => {
  await page.goto('/consent')
  await page.getByLabel(t('consent.code'), { exact: true }).fill('2222')
  await page.getByRole('button', { name: t('consent.open') }).click()
  await expect(page.getByRole('main')).toContainText(/12/)
  await expectNoOverflow(page)
  await expectAccessible(page)
})
