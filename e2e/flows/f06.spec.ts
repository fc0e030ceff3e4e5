// F-06: one phone, one account; an old account signs in by username and binds a phone before it enters its space.
import { mkdirSync } from 'node:fs'
import { Api, register, type DemoAccount } from '../support/api.ts'
import { newPhone } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'
import { askAndTypeCode, signInOnScreen } from '../support/walk.ts'

test('F-06 an account of the old system signs in by username, binds a phone of its own, and enters its space', async ({ page, t }) => {
  const old = await takeOldAccount()
  const phone = newPhone()
  await signInOnScreen(page, t, old.username, old.password)
  await expect(page).toHaveURL(/\/me\/security\?must=bind_phone/)
  await expect(page.getByText(t('me.security.must.bind_phone'))).toBeVisible()
  await expectNoOverflow(page)
  await expectAccessible(page)

  // There is no way around it.
  await page.goto('/space')
  await expect(page).toHaveURL(/\/me\/security\?must=bind_phone/)

  const bind = page.getByRole('button', { name: t('me.security.bind_phone'), exact: true })
  const form = page.locator('form').filter({ has: bind }) // a pupil may name a guardian's phone in another
  await form.getByLabel(t('account.password.current')).fill(old.password)
  const theirs = await register('public')
  await askAndTypeCode(page, t, theirs.phone, 'account.phone.label', form)
  await bind.click()
  await expect(form.getByLabel(t('account.phone.label'), { exact: true })).toHaveAttribute('aria-invalid', 'true')
  await expect(form.getByLabel(t('account.phone.label'), { exact: true })).toHaveValue(theirs.phone)
  await expectNoOverflow(page)

  await askAndTypeCode(page, t, phone, 'account.phone.label', form)
  await bind.click()
  await expect(page).toHaveURL(/^[^?]*\/space/)
  await expect(page.locator('body')).toContainText(old.username)

  // The hash has been replaced, and the phone signs in as well.
  const anyone = await Api.open()
  for (const login of [old.username, phone]) {
    const session = await anyone.ok(201, 'POST', '/api/v1/sessions', { login, password: old.password })
    expect(session.must).toEqual([])
  }
})

/** An account of the old system for this test alone: each of them binds its phone once. */
async function takeOldAccount(): Promise<DemoAccount> {
  const anyone = await Api.open()
  const accounts = await anyone.ok<DemoAccount[]>(200, 'GET', '/demo/accounts')
  for (const account of accounts.filter(({ username }) => username.startsWith('old_'))) {
    try {
      mkdirSync(`${process.env.CAOTANG_E2E_FOLDER}/old-${account.username}`)
      return account
    } catch {
      // another worker has taken it
    }
  }
  throw new Error('no old account is left')
}
