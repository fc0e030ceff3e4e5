import { useI18n } from 'vue-i18n'
import type { AuditEntry } from '@/api/admin'

/** What sentences may name and a record may lack. */
const lacking = {
  kind: '', stage: '', entry_year: '', number: '', accepted: '0', rejected: '0', changed: '', masked_id_number: '', masked_id_number_before: '', level: '', name: '', code: '',
  from: '', to: '', class: '', filename: '', rows: '0', total: '0', taken: '0', removed: '0', restored: '0', kept: '0', masked_phone: '', asked_by: '',
}

/** Records of what was done, in words. */
export function useAuditWords() {
  const { t, te } = useI18n()

  /** A record's detail in words where it is a name of ours, else as it is. */
  function detail(name: string, value: unknown): string {
    const text = String(value ?? '')
    if (name === 'changed') return text.split(' ').map((part) => (te(`admin_audit.part.${part}`) ? t(`admin_audit.part.${part}`) : part)).join(t('admin_audit.and'))
    for (const key of [`admin.${name}.${text}`, `admin_tickets.${name}.${text}`]) if (te(key)) return t(key)
    return text
  }
  function sentence({ action, details }: Pick<AuditEntry, 'action' | 'details'>): string {
    const key = `admin_audit.action.${action}`
    if (!te(key)) return action
    return t(key, { ...lacking, ...Object.fromEntries(Object.entries(details ?? {}).map(([name, value]) => [name, detail(name, value)])) })
  }
  /** Who did it, but for the reader themselves: the account, or the platform. */
  function doer({ actor }: Pick<AuditEntry, 'actor'>): string {
    return actor ? actor.username || actor.masked_username || t('admin_audit.closed') : t('admin_audit.system')
  }
  return { sentence, doer }
}
