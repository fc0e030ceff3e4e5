import { readFileSync } from 'node:fs'
import type { Download, Page } from '@playwright/test'
import { administrator, Api, register, signIn } from '../support/api.ts'
import { codesIn } from '../support/pdf.ts'
import { newName, newResidentID, newUsername, otherPassword, password } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { enter, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

interface Made {
  admin: Awaited<ReturnType<typeof administrator>>
  api: Api
  classId: string
  names: string[]
  numbers: string[]
}

/** A class of its own with some pupils, at the school of the demo's administrator. */
async function newClass(pupils: number): Promise<Made> {
  const admin = await administrator('school')
  const api = await signIn(admin.username, admin.password)
  const entry_year = new Date().getFullYear() - 1
  const names: string[] = []
  const numbers: string[] = []
  let classId = ''
  await expect(async () => {
    const number = 100 + Math.floor(Math.random() * 890)
    classId = (await api.ok(201, 'POST', '/api/v1/admin/classes', { school_id: admin.scope.id, stage: 'junior', entry_year, number })).id
  }).toPass()
  for (let i = 0; i < pupils; i++) {
    const name = newName()
    names.push(name)
    numbers.push(newResidentID())
    const body = { kind: 'student', name, id_type: 'resident_id', id_number: numbers[i], school_id: admin.scope.id, class_id: classId }
    await api.ok(201, 'POST', '/api/v1/admin/registry', body)
  }
  return { admin, api, classId, names, numbers }
}

async function entriesOf({ api, classId }: Made): Promise<string[]> {
  const { items } = await api.ok<{ items: { entry_id: string }[] }>(200, 'GET', `/api/v1/slips?class_id=${classId}`)
  return items.map(({ entry_id }) => entry_id)
}

async function printed({ api, classId }: Made, more: object = {}): Promise<string[]> {
  const response = await api.send('POST', '/api/v1/slips', { class_id: classId, ...more })
  expect(response.status(), await response.text().catch(() => '')).toBe(200)
  return codesIn(await response.body())
}

async function downloaded(page: Page, act: () => Promise<void>): Promise<Download> {
  const [download] = await Promise.all([page.waitForEvent('download'), act()])
  return download
}

test('an administrator prints the slips of a class', async ({ page, t }) => {
  const made = await newClass(3)
  await signInOnScreen(page, t, made.admin.username, made.admin.password)
  await page.goto(`/admin/slips?class_id=${made.classId}`)
  await expect(page.getByRole('table')).toContainText(made.names[2]!)
  await expectNoOverflow(page)
  await expectAccessible(page)
  const download = await downloaded(page, () => page.getByRole('button', { name: t('slip.print.print_all', { n: 3 }) }).click())
  expect(download.suggestedFilename()).toMatch(/-.+-.+\.pdf$/)
  const codes = codesIn(readFileSync(await download.path()))
  expect(codes).toHaveLength(3)
  await expect(page.getByText(t('slip.print.count.unused', { n: 3 }), { exact: true })).toBeVisible()
  await expectNoOverflow(page)
})

test('a pupil without a phone is activated by the slip that the school printed', async ({ page, t }) => {
  const made = await newClass(2)
  const codes = await printed(made)
  await page.goto('/login')
  await page.getByRole('link', { name: t('account.slip.have') }).click()
  await page.getByLabel(t('slip.code.label')).fill(codes[0]!.toLowerCase().replaceAll('-', ' '))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('slip.go'), exact: true }).click()
  await expect(page.getByRole('button', { name: t('slip.who.yes'), exact: true })).toBeVisible()
  for (const name of made.names) await expect(page.getByRole('main')).not.toContainText(name)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('slip.who.yes'), exact: true }).click()

  const username = newUsername()
  await page.getByLabel(t('account.username.label')).fill(username)
  await page.getByLabel(t('account.password.label'), { exact: true }).fill(password)
  await expectNoOverflow(page)
  await page.getByRole('button', { name: t('slip.account.create') }).dblclick()
  await expect(page.getByRole('main')).toContainText(username)
  await page.getByRole('button', { name: t('slip.done.enter') }).click()
  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(made.names[0]!)

  // Next time the pupil signs in as everybody does, and is asked for no phone.
  const again = await (await Api.open()).ok<{ must: string[] }>(201, 'POST', '/api/v1/sessions', { login: username, password })
  expect(again.must).toEqual([])
})

test('a scanned slip leads on, and one that is used, ended or typed wrong says the way out', async ({ page, t }) => {
  const made = await newClass(2)
  const [used, ended] = await printed(made)
  const anyone = await Api.open()
  const username = newUsername()
  await anyone.ok(201, 'POST', '/api/v1/slips/accounts', { code: used, username, password })
  await page.goto(`/activate?code=${used}`)
  await expect(page.getByRole('alert')).toContainText(username.slice(-2))
  await expect(page).toHaveURL(/\/activate$/)
  await expect(page.getByRole('alert').getByRole('button').first()).toBeVisible()
  // It still confirms the pupil's guardian, who signs in first.
  await page.getByRole('alert').getByRole('button', { name: t('slip.who.parent') }).click()
  await expect(page).toHaveURL(/\/login\?next=/)
  await page.goto('/activate')

  await printed(made, { replace: true })
  const code = page.getByLabel(t('slip.code.label'))
  await code.fill(ended!)
  await page.getByRole('button', { name: t('slip.go'), exact: true }).click()
  await expect(code).toHaveAttribute('aria-invalid', 'true')
  await expect(code).toHaveValue(ended!)
  await expect(page.getByRole('main').getByRole('alert')).toBeVisible()

  await code.fill(ended!.slice(0, -1) + (ended!.endsWith('2') ? '3' : '2'))
  await expect(page.getByText(t('slip.code.mistyped'))).toBeVisible()
  await expectNoOverflow(page)
})

test("F-21 a parent who holds the child's slip goes on as the guardian, and never becomes the pupil", async ({ page, t }) => {
  const made = await newClass(1)
  const [code] = await printed(made)
  const parent = await register('parent')
  await parent.api.refused(409, 'slip_of_child', 'POST', '/api/v1/me/binding/slip', { code })
  await enter(page, parent)
  await page.goto(`/activate?code=${code}`)
  const main = page.getByRole('main')
  await expect(main.getByText(t('slip.who.whose'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await main.getByRole('button', { name: t('slip.who.childs') }).click()
  await expect(page).toHaveURL(/\/verify\?child=$/)
  await page.getByLabel(t('verify.number.child'), { exact: true }).fill(made.numbers[0]!)
  await page.getByLabel(t('verify.name.child'), { exact: true }).fill(made.names[0]!)
  await page.getByLabel(t('guardian.name'), { exact: true }).fill('王芳')
  await main.locator('label').filter({ hasText: t('guardian.relation.mother') }).click()
  await page.getByRole('button', { name: t('verify.submit') }).click()
  await expect(main.getByRole('heading', { name: t('verify.childs_class.check', { name: made.names[0]! }) })).toBeVisible()
  // For the next child who one is need not be typed again.
  await page.goto('/verify?child=')
  await expect(page.getByLabel(t('guardian.name'), { exact: true })).toHaveValue('王芳')
  await expectNoOverflow(page)
})

test('printing again says what it ends', async ({ page, t }) => {
  const made = await newClass(1)
  await printed(made)
  await signInOnScreen(page, t, made.admin.username, made.admin.password)
  await page.goto(`/admin/slips?class_id=${made.classId}`)
  await page.getByRole('button', { name: t('slip.print.reprint_all') }).click()
  await expect(page.getByRole('dialog')).toContainText(t('slip.print.ends', { live: 1 }))
  await expectNoOverflow(page)
  const again = await downloaded(page, () => page.getByRole('button', { name: t('slip.print.ends_confirm', { live: 1 }) }).click())
  expect(codesIn(readFileSync(await again.path()))).toHaveLength(1)
})

test('a forgotten password is set anew by a slip', async ({ page, t }) => {
  const made = await newClass(1)
  const [first] = await printed(made)
  const anyone = await Api.open()
  const username = newUsername()
  await anyone.ok(201, 'POST', '/api/v1/slips/accounts', { code: first, username, password })
  await signInOnScreen(page, t, made.admin.username, made.admin.password)
  await page.goto(`/admin/slips?class_id=${made.classId}`)
  const reset = await downloaded(page, () => page.getByRole('button', { name: t('slip.print.reset_of', { name: made.names[0]! }) }).click())
  const [code] = codesIn(readFileSync(await reset.path()))
  await signOutOnScreen(page, t)
  await page.goto(`/activate?code=${code}`)
  await page.getByRole('button', { name: t('slip.who.yes'), exact: true }).click()
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  await expectNoOverflow(page)
  await page.getByRole('button', { name: t('slip.reset.save') }).click()
  await expect(page.getByRole('main')).toContainText(username)
  await anyone.refused(401, 'credentials_wrong', 'POST', '/api/v1/sessions', { login: username, password })
  await signIn(username, otherPassword)
})

test('an account with a phone is verified by a slip at once', async ({ page, t }) => {
  const made = await newClass(1)
  const [code] = await printed(made, { entry_ids: await entriesOf(made) })
  const person = await register()
  await enter(page, person)
  await page.goto('/verify')
  await page.getByRole('link', { name: t('slip.have') }).click()
  await page.getByLabel(t('slip.code.label')).fill(code!)
  await page.getByRole('button', { name: t('slip.go'), exact: true }).click()
  await page.getByRole('button', { name: t('slip.who.use_mine', { username: person.username }) }).click()
  await expect(page.getByRole('heading', { name: t('verify.check_again') })).toBeVisible()
  await expect(page.getByRole('main')).toContainText(made.names[0]!)
})

test('a class teacher sees the pupils of the class, and prints their slips', async ({ page, t }) => {
  const made = await newClass(2)
  const name = newName()
  const id_number = newResidentID()
  const entry = await made.api.ok<{ id: string }>(201, 'POST', '/api/v1/admin/registry', { kind: 'teacher', name, id_type: 'resident_id', id_number, school_id: made.admin.scope.id })
  await made.api.ok(200, 'PUT', `/api/v1/admin/classes/${made.classId}/teachers`, { teacher_ids: [entry.id] })
  const person = await register('teacher')
  await person.api.ok(201, 'POST', '/api/v1/me/binding', { kind: 'teacher', id_type: 'resident_id', id_number, name })
  await signInOnScreen(page, t, person.username, person.password)
  await page.getByRole('main').getByRole('link', { name: t('space.pupils', { n: 2 }) }).click()
  await expect(page.getByRole('main').getByRole('listitem')).toHaveText(made.names)
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('main').getByRole('link', { name: t('space.slips') }).click()
  await expect(page.getByRole('table')).toContainText(made.names[1]!)
  await expectNoOverflow(page)
  await expectAccessible(page)
  const download = await downloaded(page, () => page.getByRole('button', { name: t('slip.print.print_all', { n: 2 }) }).click())
  expect(codesIn(readFileSync(await download.path()))).toHaveLength(2)
})
