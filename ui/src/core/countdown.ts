import { computed, onScopeDispose, ref } from 'vue'

/** Counts seconds down to zero by the clock, so that a sleeping tab stays right. */
export function useCountdown() {
  const until = ref(0)
  const now = ref(Date.now())
  let timer = 0

  function tick() {
    now.value = Date.now()
    if (now.value >= until.value) stop()
  }
  function stop() {
    window.clearInterval(timer)
    timer = 0
  }
  /** Starts at so many seconds from now. */
  function start(seconds: number) {
    startUntil(Date.now() + seconds * 1000)
  }
  /** Starts towards a moment, in milliseconds since the epoch. */
  function startUntil(moment: number) {
    until.value = moment
    now.value = Date.now()
    if (!timer && moment > now.value) timer = window.setInterval(tick, 500)
  }
  onScopeDispose(stop)
  const left = computed(() => Math.max(0, Math.ceil((until.value - now.value) / 1000)))
  return { left, start, startUntil }
}
