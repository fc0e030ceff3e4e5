import { characters } from '../identity/width'

export interface PasswordPolicy {
  min: number
  max: number
  require_digit: boolean
  require_upper: boolean
  require_lower: boolean
  allow_special: boolean
}
export type PasswordRule = 'length' | 'digit' | 'upper' | 'lower' | 'no_special'

/** The policy as a check-list: each rule with whether the password meets it (F-04). */
export function passwordRules(password: string, policy: PasswordPolicy): { rule: PasswordRule; met: boolean }[] {
  const length = characters(password).length
  const rules: { rule: PasswordRule; met: boolean }[] = [{ rule: 'length', met: length >= policy.min && length <= policy.max }]
  if (policy.require_digit) rules.push({ rule: 'digit', met: /[0-9]/.test(password) })
  if (policy.require_upper) rules.push({ rule: 'upper', met: /[A-Z]/.test(password) })
  if (policy.require_lower) rules.push({ rule: 'lower', met: /[a-z]/.test(password) })
  if (!policy.allow_special) rules.push({ rule: 'no_special', met: length > 0 && /^[A-Za-z0-9]*$/.test(password) })
  return rules
}

export const passwordFits = (password: string, policy: PasswordPolicy) => passwordRules(password, policy).every(({ met }) => met)
