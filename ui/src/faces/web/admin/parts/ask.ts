import { t } from '@/core/i18n'

/** For a drawer's `before-close`: whoever has typed something is asked before it is lost. */
export function askWhenTyped(typed: () => boolean) {
  return (close: () => void) => {
    if (!typed() || window.confirm(t('admin.leave'))) close()
  }
}
