// The test of a flow: a page that is watched for what no user should ever meet.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test as base, expect, type Page } from '@playwright/test'
import { text, type Language } from './texts.ts'

export { expect }

interface Fixtures {
  /** The text of a key of the user interface in the language of the run. */
  t: (key: string, args?: Record<string, string | number>) => string
  language: Language
  /** Failures that a test brings about, as `503 /api/v1/sms-codes`: whoever reads them there does not meet them. */
  broughtAbout: string[]
  watched: void
}

export const test = base.extend<Fixtures>({
  language: async ({ locale }, use) => use(locale === 'zh-CN' ? 'zh-CN' : 'en'),
  t: async ({ language }, use) => use((key, args) => text(language, key, args)),
  broughtAbout: [[], { option: true }],
  watched: [
    async ({ context, baseURL, broughtAbout }, use) => {
      const found: string[] = []
      context.on('request', (request) => {
        const url = request.url()
        if (!url.startsWith(`${baseURL}/`) && !/^(data|blob):/.test(url)) found.push(`request to a foreign host: ${url}`)
      })
      context.on('response', (response) => {
        const path = new URL(response.url()).pathname
        const mayRefuse = path.startsWith('/api/') && response.status() < 500
        const told = `${response.status()} ${path}`
        if (response.status() >= 400 && !mayRefuse && !broughtAbout.includes(told)) found.push(told)
      })
      context.on('weberror', (error) => found.push(`error on the page: ${error.error().stack ?? error.error().message}`))
      context.on('console', (message) => {
        // The browser notes each refusal of the API by itself; those are judged above.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) found.push(`console: ${message.text()}`)
        if (message.type() === 'warning' && message.text().startsWith('[')) found.push(`console: ${message.text()}`)
      })
      await use()
      expect(found, 'what nobody should meet').toEqual([])
    },
    { auto: true },
  ],
})

/** The page does not scroll sideways: nothing in it is wider than the screen. */
export async function expectNoOverflow(page: Page): Promise<void> {
  const width = page.viewportSize()!.width
  const wide = await page.evaluate((width) => {
    if (document.documentElement.scrollWidth <= width) return []
    const describe = (e: Element) => `${e.tagName.toLowerCase()}.${[...e.classList].join('.')} ends at ${Math.round(e.getBoundingClientRect().right)}`
    return ['the page is wider than the screen', ...[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > width + 1).slice(0, 8).map(describe)]
  }, width)
  expect(wide, page.url()).toEqual([])
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** axe-core finds nothing serious or critical. */
export async function expectAccessible(page: Page): Promise<void> {
  // A button that has just become enabled passes through colours that nobody is to read.
  await page.evaluate(() =>
    Promise.allSettled(document.getAnimations().filter((one) => one.playState === 'running' && one.effect?.getComputedTiming().endTime !== Infinity).map((one) => one.finished)),
  )
  await page.evaluate(axe)
  const findings = await page.evaluate(async () => {
    // Nothing that is asked here wants the style sheets fetched again.
    const { violations } = await (window as unknown as { axe: typeof import('axe-core') }).axe.run(document, { resultTypes: ['violations'], preload: false })
    return violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 4).map((n) => `${n.target.join(' ')} (${n.any[0]?.message ?? n.failureSummary ?? ''})`).join(' | ')}`)
  })
  expect(findings, page.url()).toEqual([])
}
