// F-01: "L-Box 报错": the retired client, and its old address.
import { expect, expectAccessible, expectNoOverflow, test } from '../support/test.ts'

const words = { 'zh-CN': ['L-Box 已停止使用', 'L-Box has been retired'], en: ['L-Box has been retired', 'L-Box 已停止使用'] }

test.describe('its old address', () => {
  test.use({ broughtAbout: ['410 /lbox', '410 /lbox/login.do'] })

  test('F-01 the old address says in both languages where to go, and leads there', async ({ page, language, baseURL }) => {
    for (const path of ['/lbox', '/lbox/login.do']) {
      const answer = await page.goto(path)
      expect(answer!.status()).toBe(410)
      await expect(page.getByRole('heading')).toHaveText(words[language])
      await expectNoOverflow(page)
      await expectAccessible(page)
    }
    await page.getByRole('link').first().click()
    await expect(page).toHaveURL(`${baseURL}/`)
    await expect(page.getByRole('banner')).toBeVisible()
  })
})

test.describe('its own calls', () => {
  test.use({ userAgent: 'Mozilla/5.0 (Windows NT 6.1) L-Box/2.4', broughtAbout: ['410 /', '410 /login'] })

  test('F-01 the retired client is told the address whatever it calls', async ({ page, language, baseURL }) => {
    for (const path of ['/', '/login']) {
      const answer = await page.goto(path)
      expect(answer!.status()).toBe(410)
      await expect(page.getByRole('heading').first()).toHaveText(words[language][0]!)
      await expect(page.getByRole('link').first()).toHaveAttribute('href', `${baseURL}/`)
    }
    const call = await page.request.post('/api/v1/sessions', { data: { login: 'somebody', password: 'x' }, headers: { Accept: 'application/json' } })
    expect(call.status()).toBe(410)
    expect(await call.json()).toMatchObject({ code: 'client_retired', address: `${baseURL}/` })
  })
})
