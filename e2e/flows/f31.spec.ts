import { register, signIn, takeEntry } from '../support/api.ts'
import { password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { signInOnScreen } from '../support/walk.ts'

test('F-31 a teacher who is a parent changes roles without signing in again, and the device remembers', async ({ page, t }) => {
  const person = await register('teacher')
  const [own, child] = [await takeEntry('teacher'), await takeEntry('student', (e) => e.has_class)]
  const claim = (kind: string, { id_number, name }: { id_number: string; name: string }) => ({ kind, id_type: 'resident_id', id_number, name })
  await person.api.ok(201, 'POST', '/api/v1/me/binding', claim('teacher', own))
  const { id } = await person.api.ok(201, 'POST', '/api/v1/me/binding', claim('parent', child))
  const province = await signIn('sichuan1', password)
  await province.ok(200, 'POST', '/api/v1/guardianships/decide', { ids: [id], confirm: true })

  await signInOnScreen(page, t, person.username, person.password)
  const roles = page.getByRole('combobox', { name: t('common.nav.role') })
  const main = page.getByRole('main')
  await expect(main).toContainText(own.name)
  await expect(main).toContainText(own.school.name)
  await roles.selectOption('parent')
  await expect(main.getByRole('heading', { name: t('space.children') })).toBeVisible()
  await expect(main).toContainText(child.name)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.reload()
  await expect(roles).toHaveValue('parent')
  await expect(main).toContainText(child.name)
  await roles.selectOption('teacher')
  await expect(main.getByRole('heading', { name: t('space.taught') })).toBeVisible()
})
