// F-16: "one number, one name" proves a person; where a province asks for it, "two numbers, one name".
import { register, type Entry } from '../support/api.ts'
import { demoWith } from '../support/owndemo.ts'
import { expect, expectAccessible, expectNoOverflow } from '../support/test.ts'
import { enter, fillIdentity } from '../support/walk.ts'

const test = demoWith('strict', { 'realname-proof': 'two_numbers' })

test('F-16 where two numbers are asked for, the right one verifies and nothing less', async ({ page, t }) => {
  const person = await register('student')
  const [pupil] = await person.api.ok<(Entry & { second_number: string })[]>(200, 'GET', '/demo/entries?kind=student')
  await enter(page, person)
  await page.goto('/verify')
  await fillIdentity(page, t, pupil!)
  const second = page.getByLabel(t('verify.second.student'), { exact: true })
  await page.getByRole('button', { name: t('verify.submit') }).click()
  await expect(page.getByText(t('verify.second.empty'))).toBeVisible()

  await second.fill('G000000000000000000')
  await page.getByRole('button', { name: t('verify.submit') }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await expect(second).toHaveValue('G000000000000000000')
  await expectNoOverflow(page)
  await expectAccessible(page)

  await second.fill(pupil!.second_number)
  await page.getByRole('button', { name: t('verify.submit') }).click()
  await expect(page.getByRole('heading', { name: t('verify.check_title') }).or(page.getByRole('heading', { name: t('verify.almost') }))).toBeVisible()
})
