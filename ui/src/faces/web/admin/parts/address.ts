import { useRouter } from 'vue-router'

/**
 * Writes what a page shows into its address. What `drawers` name stands in a drawer: the browser's Back closes one that was opened here,
 * instead of leaving the page.
 */
export function useAddress(...drawers: string[]): (query: Record<string, string>) => void {
  const router = useRouter()
  const drawn = (query: Record<string, unknown>) => drawers.some((one) => query[one])
  return (query) => {
    const { path, query: before } = router.currentRoute.value
    const [was, will] = [drawn(before), drawn(query)]
    if (will && !was) void router.push({ query })
    else if (was && !will && window.history.state?.back === router.resolve({ path, query }).fullPath) router.back()
    else void router.replace({ query })
  }
}
