import { useI18n } from 'vue-i18n'
import type { AuditEntry } from '@/api/admin'

/** Who did something, but for the reader themselves: the account, or the platform. */
export function useDoer() {
  const { t } = useI18n()
  return ({ actor }: Pick<AuditEntry, 'actor'>): string => (actor ? actor.username || actor.masked_username || t('admin_audit.closed') : t('admin_audit.system'))
}
