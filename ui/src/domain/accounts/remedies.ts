/**
 * What an office decided, or somebody else did, about whom an account stands for: where its owner goes, signed in, to have it mended.
 * Freezing the account would shut them out of that very place; it stands beside where somebody may have used the account.
 */
export const remedies: Record<string, { to: string; freeze?: boolean }> = {
  handed_over: { to: '/me/tickets' },
  unbound_by_administrator: { to: '/verify' },
  number_replaced: { to: '/me/data' },
  guardian_linked: { to: '/space#children', freeze: true },
  guardian_ended: { to: '/space#children' },
  child_left: { to: '/space' },
  child_ended: { to: '/space' },
}
