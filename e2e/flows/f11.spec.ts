// F-11: "无法修改密码: 用户名、手机号码、手机号码与账号是否匹配".
import { register } from '../support/api.ts'
import { newPhone, newUsername, otherPassword } from '../support/people.ts'
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'

test('F-11 whatever does not belong together gets one answer, and what was typed stays', async ({ page, t }) => {
  const person = await register('public')
  const another = await register('public')
  await page.goto('/reset-password')
  const username = page.getByLabel(t('account.username.label'))
  const phone = page.getByLabel(t('account.phone.label'), { exact: true })
  const code = page.getByLabel(t('account.code.label'))
  await page.getByLabel(t('account.password.new'), { exact: true }).fill(otherPassword)
  const answer = async (name: string, number: string) => {
    await username.fill(name)
    await phone.fill(number)
    await code.fill('123456')
    const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/password-resets'))
    await page.getByRole('button', { name: t('reset.submit') }).click()
    expect((await answered).status()).toBe(422)
    await expect(username).toHaveValue(name)
    await expect(phone).toHaveValue(number)
    // The request's own id apart, nobody can tell the cases by what the screen says.
    const notes = page.getByRole('alert').locator('p:not(.reference)').or(page.locator('.field .error:not(:empty)'))
    await expect(notes.first()).toBeVisible()
    return await notes.allInnerTexts()
  }
  const strangers = await answer(newUsername(), newPhone())
  expect(strangers.join('')).not.toBe('')
  expect(await answer(person.username, another.phone)).toEqual(strangers)
  expect(await answer(newUsername(), person.phone)).toEqual(strangers)
  await expectNoOverflow(page)
  await expectAccessible(page)
})

test('F-11 asking for a code looks the same for a phone with an account and one without', async ({ page, t }) => {
  const person = await register('public')
  await page.goto('/reset-password')
  const told: string[] = []
  for (const number of [person.phone, newPhone()]) {
    await page.getByLabel(t('account.phone.label'), { exact: true }).fill(number)
    await expect(async () => {
      const answered = page.waitForResponse((response) => response.url().endsWith('/api/v1/sms-codes'), { timeout: 10_000 })
      const [response] = await Promise.all([answered, page.getByRole('button', { name: t('account.code.get') }).or(page.getByRole('button', { name: t('account.code.again'), exact: true })).click({ timeout: 5_000 })])
      expect(response.status()).toBe(202)
    }).toPass({ timeout: 30_000 })
    const message = page.locator('.message.withheld')
    await expect(message).toBeVisible()
    told.push(await message.locator('span').first().innerText())
  }
  expect(told[0]).toBe(told[1])
})
