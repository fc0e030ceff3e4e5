import { register, takeEntry } from '../support/api.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { fillIdentity, signInOnScreen } from '../support/walk.ts'

test('a teacher unbinds and verifies again', async ({ page, t }) => {
  const person = await register('teacher')
  const entry = await takeEntry('teacher')
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'teacher', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/me')
  await expect(page.getByRole('main')).toContainText(entry.school.name)
  await page.getByRole('button', { name: t('me.profile.unbind'), exact: true }).click()
  await page.getByLabel(t('account.password.current')).fill(person.password)
  await page.getByRole('button', { name: t('me.profile.unbind_confirm') }).click()
  await expect(page).toHaveURL(/\/verify/)
  await fillIdentity(page, t, entry)
  await page.getByRole('button', { name: t('verify.submit') }).click()
  await page.getByRole('button', { name: t('verify.right') }).click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(entry.name)
})

test('each way to fail verification has its own words and its way out as a button', async ({ page, t }) => {
  const person = await register('student')
  const entry = await takeEntry('student')
  await signInOnScreen(page, t, person.username, person.password)
  await page.goto('/verify')
  const number = page.getByLabel(t('verify.number.own'), { exact: true })
  const name = page.getByLabel(t('verify.name.own'), { exact: true })
  const submit = page.getByRole('button', { name: t('verify.submit') })

  // What can be known without the registry is said while one types.
  await page.getByText(t('account.registration.role.student'), { exact: true }).click()
  await number.fill(entry.id_number.slice(0, 17) + (entry.id_number.endsWith('1') ? '2' : '1'))
  await expect(page.getByText(t('verify.number.check_digit'))).toBeVisible()
  await number.fill(entry.name)
  await name.fill(entry.id_number)
  await expect(page.getByText(t('verify.swapped'), { exact: true })).toBeVisible()
  await page.getByRole('button', { name: t('verify.swap') }).click()
  await expect(number).toHaveValue(entry.id_number)
  await expect(name).toHaveValue(entry.name)

  // A pair that the registry does not hold leads to a request to the school.
  await number.fill(newResidentID())
  await name.fill(newName())
  await submit.click()
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(t('verify.no_match_tips'))
  await alert.getByRole('button').first().click()
  await expect(page.getByRole('heading', { name: t('request.missing_entry.title') })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  // An identity that somebody else holds leads to a check by the school.
  const holder = await register('student')
  await holder.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'student', id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  await number.fill(entry.id_number)
  await name.fill(entry.name)
  await submit.click()
  await expect(alert).toContainText(`${holder.phone.slice(0, 3)}****${holder.phone.slice(7)}`)
  await alert.getByRole('button').first().click()
  await expect(page.getByRole('heading', { name: t('request.not_me.title') })).toBeVisible()
  await page.getByRole('button', { name: t('request.send') }).click()
  await expect(page.getByText(t('request.filed_title'))).toBeVisible()
  await page.getByRole('button', { name: t('request.see') }).click()
  await expect(page.getByRole('main')).toContainText(t('request.kind.not_me'))
  await expect(page.getByRole('main')).toContainText(entry.school.name)
})
