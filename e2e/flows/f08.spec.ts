import { deflateSync } from 'node:zlib'
import type { Page } from '@playwright/test'
import { administrator, Api, register, takeEntry, type DemoAccount, type Entry } from '../support/api.ts'
import { newPhone, otherPassword } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, enter, fillIdentity, signInOnScreen, signOutOnScreen } from '../support/walk.ts'

type Texts = (key: string, args?: Record<string, string | number>) => string

// Three people act in each flow: it takes a slow machine a while.
test.slow()

/** Somebody with a verified account whose name, password and phone are lost. */
async function lost(kind: 'teacher' | 'student') {
  const [owner, entry] = [await register(kind), await takeEntry(kind)]
  await owner.api.ok(201, 'POST', '/api/v1/me/binding', { kind, id_type: 'resident_id', id_number: entry.id_number, name: entry.name })
  return { owner, entry }
}

/** Asks for the account from the sign-in page on, and gives the tracking number. */
async function ask(page: Page, t: Texts, entry: Entry, phone: string, proof: 'school' | 'copies'): Promise<string> {
  await page.goto('/login')
  await page.getByRole('link', { name: t('account.login.lost') }).click()
  await fillIdentity(page, t, entry)
  await page.getByRole('button', { name: t('common.next'), exact: true }).click()
  await page.getByText(t(`recovery.proof.${proof}.how`), { exact: true }).click()
  if (proof === 'school') { // what is too long is said, not cut off
    const note = page.getByLabel(t('recovery.note'))
    await note.fill('一'.repeat(201))
    await page.getByRole('button', { name: t('common.next'), exact: true }).click()
    await expect(page.getByText(t('recovery.note_long', { n: 1 }))).toBeVisible()
    await note.fill('一'.repeat(200))
  }
  await expectAccessible(page)
  await page.getByRole('button', { name: t('common.next'), exact: true }).click()
  if (proof === 'school') {
    await expect(page.getByLabel(t('recovery.phone'), { exact: true })).toBeVisible()
    await page.goBack() // the browser's own way back: to the step before, with all that was typed
    await expect(page.getByText(t(`recovery.proof.${proof}.how`), { exact: true })).toBeVisible()
    await page.getByRole('button', { name: t('common.next'), exact: true }).click()
  }
  await askAndTypeCode(page, t, phone, 'recovery.phone')
  await page.getByRole('button', { name: t('recovery.submit'), exact: true }).click()
  await expect(page).toHaveURL(/\/recover\?number=/)
  return new URL(page.url()).searchParams.get('number')!
}

async function openRequest(page: Page, t: Texts, account: Pick<DemoAccount, 'username' | 'password'>, entry: Entry) {
  await enter(page, account)
  await page.goto('/admin/recoveries')
  await page.getByRole('row', { name: t('admin_recoveries.open', { name: entry.name }) }).first().click()
  return page.getByRole('dialog', { name: t('admin_recoveries.open', { name: entry.name }) })
}

test('F-08 a lost account comes back when the school vouches', async ({ page, t }) => {
  const { owner, entry } = await lost('teacher')
  const phone = newPhone()
  const number = await ask(page, t, entry, phone, 'school')
  await expect(page.getByRole('heading', { name: t('recovery.state.open.title') })).toBeVisible()
  await expect(page.getByText(number, { exact: true })).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  const drawer = await openRequest(page, t, await administrator('city'), entry)
  await expect(drawer).toContainText(`${owner.phone.slice(0, 3)}****${owner.phone.slice(7)}`)
  await expect(page.locator('body')).not.toContainText(entry.id_number)
  await drawer.getByRole('button', { name: t('admin_recoveries.answers.in_person') }).click()
  await drawer.getByText(t('admin_recoveries.sure.school')).click()
  await expectNoOverflow(page)
  await expectAccessible(page)
  await drawer.getByRole('button', { name: t('admin_recoveries.approve') }).click()
  await expect(drawer).toBeHidden()
  await signOutOnScreen(page, t)

  await page.goto(`/recover?number=${number.toLowerCase().replaceAll('-', '')}`)
  await expect(page.getByText(t('recovery.progress.reason', { reason: t('admin_recoveries.answers.in_person') }))).toBeVisible()
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  await askAndTypeCode(page, t, phone, 'recovery.phone')
  await expectNoOverflow(page)
  await expectAccessible(page)
  await page.getByRole('button', { name: t('recovery.finish.submit') }).click()
  await expect(page.getByText(owner.username, { exact: true })).toBeVisible()
  await page.getByRole('main').getByRole('button', { name: t('account.sign_in') }).click()
  await expect(page.getByLabel(t('account.login.login'))).toHaveValue(owner.username)
  await signInOnScreen(page, t, phone, otherPassword)
  await expect(page).toHaveURL(/\/space/)
  await expect(page.getByRole('main')).toContainText(entry.name)
})

test('F-08 copies survive a broken line, and customer service says why not', async ({ page, t, context }) => {
  const { entry } = await lost('student')
  const number = await ask(page, t, entry, newPhone(), 'copies')
  const copy = (name: string) => page.locator('section').filter({ has: page.getByRole('heading', { name: t(`recovery.copies.${name}`), exact: true }) }).last()
  const submit = page.getByRole('button', { name: t('recovery.copies.submit') })
  await expect(submit).toBeDisabled()

  // A page that calls itself a photo is refused for what it is.
  await copy('id_card').locator('input[type=file]').setInputFiles({ name: '身份证.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('<script>alert(1)</script>') })
  await expect(copy('id_card').getByRole('alert')).toContainText('JPEG')

  // The line breaks: the same photo is sent again by a button, and what has arrived is there after coming back.
  await context.route('**/recovery/copies/id_card**', (route) => route.abort('connectionreset'), { times: 1 })
  await copy('id_card').locator('input[type=file]').setInputFiles({ name: 'IMG_0001.png', mimeType: 'image/png', buffer: png(640, 400) })
  await expect(copy('id_card').getByRole('alert')).toContainText(t('common.trouble.network_title'))
  await copy('id_card').getByRole('button', { name: t('common.retry') }).click()
  await expect(copy('id_card').locator('.arrived')).toBeVisible()
  await page.goto('/login')
  await page.goto(`/recover?number=${number}`)
  await expect(copy('id_card').locator('.arrived')).toBeVisible()
  await copy('certificate').locator('input[type=file]').setInputFiles({ name: '学生证.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\n%%EOF\n') })
  await expect(copy('certificate').locator('.arrived')).toBeVisible()
  await expect(page.getByRole('list', { name: t('recovery.progress.steps') })).toContainText(t('recovery.ahead.submitted'))
  await expectNoOverflow(page)
  await expectAccessible(page)
  await submit.click()
  await expect(page.getByRole('heading', { name: t('recovery.state.open.title') })).toBeVisible()

  const accounts = await (await Api.open()).ok<DemoAccount[]>(200, 'GET', '/demo/accounts')
  const drawer = await openRequest(page, t, accounts.find(({ scope }) => scope?.level === 'service')!, entry)
  await expect(page.getByRole('navigation', { name: t('common.nav.admin') }).getByRole('link')).toHaveCount(test.info().project.name.startsWith('phone') ? 0 : 3)
  await drawer.getByRole('button', { name: `${t('admin_recoveries.look')} ${t('admin_recoveries.copy.id_card')}` }).click()
  await expect.poll(async () => await drawer.getByRole('img', { name: t('admin_recoveries.copy.id_card') }).evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(640)
  // Who has opened one of two photos cannot approve, and reads which is left.
  await expect(drawer.getByRole('button', { name: t('admin_recoveries.approve') })).toBeDisabled()
  await expect(drawer.getByText(t('admin_recoveries.unopened', { which: t('admin_recoveries.copy.certificate') }))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)
  // A PDF opens in a tab of its own, and counts once the server has given it out.
  await drawer.getByRole('link', { name: `${t('admin_recoveries.open_pdf')} ${t('admin_recoveries.copy.certificate')}` }).click()
  await expect(drawer.getByRole('button', { name: t('admin_recoveries.approve') })).toBeEnabled()
  await drawer.getByRole('button', { name: t('admin_recoveries.reject'), exact: true }).click()
  const why = page.getByRole('dialog', { name: t('admin_recoveries.reject_title') })
  await why.getByRole('button', { name: t('admin_recoveries.answers.unreadable') }).click()
  await why.getByRole('button', { name: t('admin_recoveries.reject'), exact: true }).click()
  await expect(drawer).toBeHidden()
  await signOutOnScreen(page, t)

  await page.goto(`/recover?number=${number}`)
  await expect(page.getByRole('heading', { name: t('recovery.state.rejected.title') })).toBeVisible()
  await expect(page.getByRole('main')).toContainText(t('admin_recoveries.answers.unreadable'))
  await expectNoOverflow(page)
})

/** A grey PNG picture of the size. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const framed = Buffer.alloc(body.length + 8)
    framed.writeUInt32BE(data.length)
    body.copy(framed, 4)
    framed.writeUInt32BE(crc(body), body.length + 4)
    return framed
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  const rows = Buffer.alloc((width + 1) * height, 0x99)
  for (let row = 0; row < height; row++) rows[row * (width + 1)] = 0
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

function crc(bytes: Buffer): number {
  let value = 0xffffffff
  for (const byte of bytes) {
    value ^= byte
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0)
  }
  return (value ^ 0xffffffff) >>> 0
}
