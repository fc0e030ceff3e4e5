import type { Page } from '@playwright/test'
import { administrator, register, signIn, takeEntry } from '../support/api.ts'
import { csv } from '../support/files.ts'
import { newName, newResidentID } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { chooseSchool, enter, fillIdentity } from '../support/walk.ts'

test('F-17 a mistyped number and swapped fields are told while one types', { tag: '@screen' }, async ({ page, t }) => {
  const person = await register('student')
  const entry = await takeEntry('student')
  await enter(page, person)
  await page.goto('/verify')
  const number = page.getByLabel(t('verify.number.own'), { exact: true })
  const name = page.getByLabel(t('verify.name.own'), { exact: true })
  await page.getByText(t('account.registration.role.student'), { exact: true }).click()
  await number.fill(entry.id_number.slice(0, 17) + (entry.id_number.endsWith('1') ? '2' : '1'))
  await expect(page.getByText(t('verify.number.check_digit'))).toBeVisible()
  await number.fill(entry.name)
  await name.fill(entry.id_number)
  await expect(page.getByText(t('verify.swapped'), { exact: true })).toBeVisible()
  await expectNoOverflow(page)
  await page.getByRole('button', { name: t('verify.swap') }).click()
  await expect(number).toHaveValue(entry.id_number)
  await expect(name).toHaveValue(entry.name)
})

type Texts = (key: string, args?: Record<string, string | number>) => string
interface Newcomer { kind: 'student'; id_number: string; name: string }

/** Somebody whom no school has added yet asks theirs, from the answer that nothing matched. */
async function askToBeAdded(page: Page, t: Texts, newcomer: Newcomer, school: string): Promise<void> {
  await page.goto('/verify')
  await fillIdentity(page, t, newcomer)
  await page.getByRole('button', { name: t('verify.submit') }).click()
  const alert = page.getByRole('alert')
  await expect(alert).toContainText(t('verify.no_match_tips'))
  await alert.getByRole('button').first().click()
  const request = page.getByRole('region', { name: t('request.missing_entry.title') })
  await expect(request).toContainText(t('request.missing_entry.lead'))
  await chooseSchool(page, t('verify.school.school'), school)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('request.send') }).click()
  await expect(page.getByText(t('request.filed_title'))).toBeVisible()
  await expectNoOverflow(page)
}

test('F-17 whoever is not there yet is verified by itself when the school adds them', async ({ page, t }) => {
  const person = await register('student')
  const newcomer: Newcomer = { kind: 'student', id_number: newResidentID(), name: newName() }
  const school = await administrator('school')
  await enter(page, person)
  await askToBeAdded(page, t, newcomer, school.scope.name)

  // The administrator adds them as anybody else, and never sees the request. The page turns by itself.
  const office = await signIn(school.username, school.password)
  await office.ok(201, 'POST', '/api/v1/admin/registry', { ...newcomer, id_type: 'resident_id', school_id: school.scope.id })
  await expect(page.getByRole('heading', { name: t('verify.almost') })).toBeVisible({ timeout: 40_000 })
  await expect(page.getByRole('main')).toContainText(school.scope.name)
  await expect(page.getByRole('main')).toContainText(newcomer.name)
  await page.goto('/me/tickets')
  await expect(page.getByRole('main')).toContainText(t('request.ending.verified'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  const open = await office.ok<{ items: { summary: string }[] }>(200, 'GET', '/api/v1/admin/tickets?state=open&limit=200')
  expect(open.items.filter(({ summary }) => summary.includes(newcomer.name))).toEqual([])
})

test('F-17 whoever asked one school is verified by the roster of another', async ({ page, t }) => {
  const person = await register('student')
  const newcomer: Newcomer = { kind: 'student', id_number: newResidentID(), name: newName() }
  const school = await administrator('school')
  const other = await takeEntry('student', (entry) => entry.school.id !== school.scope.id)
  await enter(page, person)
  await askToBeAdded(page, t, newcomer, school.scope.name)
  await page.getByRole('button', { name: t('request.see') }).click()
  const requests = page.getByRole('main')
  await expect(requests).toContainText(t('me.tickets.waits'))
  await expectNoOverflow(page)

  const above = await administrator('province')
  const office = await signIn(above.username, above.password)
  const file = csv('新生.csv', [['姓名', '证件号码', '年级', '班级'], [newcomer.name, newcomer.id_number, '', '']])
  const response = await office.upload('/api/v1/admin/registry/imports', file, { kind: 'student', school_id: other.school.id })
  expect(response.status(), await response.text()).toBe(202)
  await expect(requests).toContainText(t('request.ending.verified'), { timeout: 40_000 })
  await expect(requests).toContainText(other.school.name)
  await page.goto('/me')
  await expect(page.getByRole('main')).toContainText(other.school.name)
})
