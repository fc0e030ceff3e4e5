import { administrator, Api, register, signIn } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter } from '../support/walk.ts'

test('F-21 a pupil who is told of a guardian that is not theirs tells the school, and keeps the account', async ({ page, t }) => {
  const [pupil, parent, school] = [await register('student'), await register('parent'), await administrator('school')]
  const office = await signIn(school.username, school.password)
  const child = { name: newName(), id_type: 'resident_id', id_number: newResidentID() }
  await office.ok(201, 'POST', '/api/v1/admin/registry', { ...child, kind: 'student', school_id: school.scope.id })
  await pupil.api.ok(201, 'POST', '/api/v1/me/binding', { ...child, kind: 'student' })
  const asked = await parent.api.ok<{ id: string }>(201, 'POST', '/api/v1/me/binding', { ...child, kind: 'parent', guardian_name: '王芳', relation: 'mother' })
  await office.ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [asked.id], confirm: true })
  const outbox = await Api.open()
  const link = () => outbox.ok<{ text: string }[]>(200, 'GET', `/demo/outbox?phone=${pupil.phone}`).then((all) => all.map(({ text }) => /家长.*\/n#([\w-]+)/.exec(text)?.[1]).find(Boolean))
  await expect.poll(link, { timeout: 20_000 }).toBeTruthy()
  await page.goto(`/n#${await link()}`)
  await expect(page.getByRole('button', { name: t('notice.guardian.tell') })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('notice.guardian.tell') }).click()
  await expect(page.getByText(t('notice.objected.detail'))).toBeVisible()
  await pupil.api.ok(200, 'GET', '/api/v1/me/tickets') // nobody was put out
  const [ticket] = (await office.ok(200, 'GET', '/api/v1/admin/tickets?state=open')).items
  await enter(page, school)
  await page.goto(`/admin/tickets?ticket=${ticket.id}`)
  const drawer = page.getByRole('dialog')
  await expect(drawer).toContainText('王芳')
  await expectNoOverflow(page)
  await drawer.getByRole('button', { name: t('admin_tickets.complete.correct_guardian') }).click()
  await expect(drawer).toHaveCount(0)
  const [mine] = (await parent.api.ok(200, 'GET', '/api/v1/me/guardianships')).items
  expect(mine.state).toBe('ended')
})
