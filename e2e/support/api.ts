// The product's HTTP API as another program uses it: JSON in and out, a bearer token instead of a cookie.
import { mkdirSync } from 'node:fs'
import { expect, request, type APIRequestContext, type APIResponse } from '@playwright/test'
import { newPhone, newUsername, password } from './people.ts'

export interface Problem {
  status: number
  code: string
  title: string
  detail?: string
  fields?: { field: string; code: string; message: string }[]
  next_step?: { action: string; label: string; href: string }
}

export interface Entry {
  kind: 'teacher' | 'student'
  name: string
  id_number: string
  school: { id: string; name: string }
  has_class: boolean
}

export interface DemoAccount {
  username: string
  password: string
  role: string
  scope: { level: string; id: string; name: string } | null
}

/** A caller of the API: nobody, or the holder of a token. */
export class Api {
  private constructor(private readonly http: APIRequestContext) {}

  static async open(token = '', language = 'en'): Promise<Api> {
    const headers: Record<string, string> = { 'Accept-Language': language }
    if (token) headers.Authorization = `Bearer ${token}`
    const baseURL = `http://127.0.0.1:${process.env.CAOTANG_E2E_PORT}`
    return new Api(await request.newContext({ baseURL, extraHTTPHeaders: headers }))
  }

  async send(method: string, path: string, data?: unknown, headers?: Record<string, string>): Promise<APIResponse> {
    return await this.http.fetch(path, { method, data, headers })
  }

  /** The answer of a call that must succeed with the status. */
  async ok<T = any>(status: number, method: string, path: string, data?: unknown): Promise<T> {
    const response = await this.send(method, path, data)
    const text = await response.text()
    expect(response.status(), `${method} ${path}: ${text}`).toBe(status)
    return (text ? JSON.parse(text) : undefined) as T
  }

  /** The problem of a call that must be refused with the status and code. */
  async refused(status: number, code: string, method: string, path: string, data?: unknown): Promise<Problem> {
    return await problem(await this.send(method, path, data), status, code)
  }

  async upload(path: string, file: { name: string; mimeType: string; buffer: Buffer }, fields: Record<string, string>): Promise<APIResponse> {
    return await this.http.post(path, { multipart: { ...fields, file } })
  }
}

/** Reads a problem document, and checks that it is a whole one. */
export async function problem(response: APIResponse, status: number, code: string): Promise<Problem> {
  const text = await response.text()
  expect.soft(response.headers()['content-type'], text).toContain('application/problem+json')
  const body = JSON.parse(text) as Problem
  expect(`${response.status()} ${body.code}`, text).toBe(`${status} ${code}`)
  expect(body.status, text).toBe(status)
  expect(body.title, text).toBeTruthy()
  for (const field of body.fields ?? []) expect(field.message, text).toBeTruthy()
  if (body.next_step) expect(body.next_step.label && body.next_step.action, text).toBeTruthy()
  return body
}

/** What the demo sent to the phone, the newest first. */
async function outbox(phone: string): Promise<{ code: string }[]> {
  const anyone = await Api.open()
  return await anyone.ok(200, 'GET', `/demo/outbox?phone=${phone}`)
}

/** The newest code that the demo sent to the phone. */
export async function codeFor(phone: string): Promise<string> {
  const messages = await outbox(phone)
  expect(messages.length, `no message to ${phone}`).toBeGreaterThan(0)
  return messages[0]!.code
}

/**
 * The code that asking for one sends to the phone. Messages are sent in the background, so that the newest may still be the
 * one before.
 */
export async function codeFrom(ask: () => Promise<void>, phone: string): Promise<string> {
  const before = (await outbox(phone)).length
  await ask()
  await expect.poll(async () => (await outbox(phone)).length, { timeout: 20_000, message: `a message to ${phone}` }).toBeGreaterThan(before)
  return await codeFor(phone)
}

/** Asks for a code and reads it; waits out the cooldown of a code that was sent just before. */
export async function sendCode(api: Api, phone: string, purpose: string): Promise<string> {
  return await codeFrom(async () => {
    await expect(async () => {
      const response = await api.send('POST', '/api/v1/sms-codes', { phone, purpose })
      expect(response.status(), await response.text()).toBe(202)
    }).toPass({ intervals: [300], timeout: 10_000 })
  }, phone)
}

export interface Person {
  username: string
  password: string
  phone: string
  token: string
  api: Api
}

/** Registers somebody by HTTP. */
export async function register(role = 'student'): Promise<Person> {
  const anyone = await Api.open()
  const username = newUsername()
  const phone = newPhone()
  const sms_code = await sendCode(anyone, phone, 'register')
  const { token } = await anyone.ok(201, 'POST', '/api/v1/accounts', { username, password, phone, sms_code, role })
  return { username, password, phone, token, api: await Api.open(token) }
}

export async function signIn(login: string, secret: string): Promise<Api> {
  const anyone = await Api.open()
  const { token } = await anyone.ok(201, 'POST', '/api/v1/sessions', { login, password: secret })
  return await Api.open(token)
}

/** A demo administrator of the level. */
export async function administrator(level: 'province' | 'city' | 'county' | 'school' | 'service'): Promise<DemoAccount & { scope: { id: string; name: string } }> {
  const anyone = await Api.open()
  const accounts = await anyone.ok<DemoAccount[]>(200, 'GET', '/demo/accounts')
  const found = accounts.find((account) => account.scope?.level === level)
  if (!found?.scope) throw new Error(`no demo administrator of a ${level}`)
  return { ...found, scope: found.scope }
}

/** Some entries of the kind without a binding. */
export async function freeEntries(kind: 'teacher' | 'student', schoolID?: string): Promise<Entry[]> {
  const anyone = await Api.open()
  const school = schoolID ? `&school_id=${schoolID}` : ''
  return await anyone.ok<Entry[]>(200, 'GET', `/demo/entries?kind=${kind}${school}`)
}

/** A free entry for this test alone: the demo shows the same few of a school to everybody who asks. */
export async function takeEntry(kind: 'teacher' | 'student', fits: (entry: Entry) => boolean = () => true): Promise<Entry> {
  const anyone = await Api.open()
  const schools = await anyone.ok<{ items: { id: string }[] }>(200, 'GET', '/api/v1/schools?region=510100&limit=200')
  for (const school of schools.items) {
    const taken = (await freeEntries(kind, school.id)).find((entry) => fits(entry) && claim(entry.id_number))
    if (taken) return taken
  }
  throw new Error(`no free entry of a ${kind}`)
}

/** Whether nobody else has claimed the name: of several workers exactly one makes its folder. */
function claim(name: string): boolean {
  try {
    mkdirSync(`${process.env.CAOTANG_E2E_FOLDER}/claimed-${name}`)
    return true
  } catch {
    return false
  }
}
