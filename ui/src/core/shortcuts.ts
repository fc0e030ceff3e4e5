import { onScopeDispose } from 'vue'

/** Whether keys belong to a field just now, and are no shortcuts. */
function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(input|textarea|select)$/i.test(target.tagName))
}

/** Whether something lies over the page, which keys belong to then. */
const covered = () => Array.from(document.querySelectorAll('[role="dialog"][aria-modal="true"]')).some((one) => (one as HTMLElement).offsetParent !== null)

/** Listens for single keys while the component lives; `Enter` is left to whatever has the focus and acts on it. */
export function useShortcuts(keys: Record<string, () => void>): void {
  function pressed(event: KeyboardEvent) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    const act = keys[event.key]
    if (!act || typing(event.target) || covered()) return
    if (event.key === 'Enter' && event.target instanceof HTMLElement && event.target.closest('a, button, summary, [role="button"]')) return
    event.preventDefault()
    act()
  }
  document.addEventListener('keydown', pressed)
  onScopeDispose(() => document.removeEventListener('keydown', pressed))
}
