/** What the process's exit code says. The table of docs/cli.md and of `equipoise --help`. */
export const exitCode = {
  /** The answer is certified; the certificate is confirmed; the weights are close; the files were written. */
  success: 0,
  /** A defect of equipoise or of its installation. */
  unexpected: 1,
  /** Wrong options, files or data: nothing was written. */
  badInput: 2,
  /** The answer is not certified (the files say so), or `verify` does not confirm the certificate. */
  notCertified: 3,
  /** `compare`, or `reweight --gold-star` with a certified answer: the weights differ. `rebalance`: PENDING_REVIEW. */
  different: 4,
  /** `reweight`: no weights meet what was asked, and that is proven (the files say why). `rebalance`: BLOCKED. */
  infeasible: 5,
  /** Stopped by a second Ctrl-C: nothing was written. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]

export const exitCodeHelp = `Exit codes:
  0    certified (reweight; areas: every one), confirmed (verify), close (compare), written (generate, import)
  1    unexpected error: a defect of equipoise or of its installation
  2    bad input: wrong options, files or data; nothing is written
  3    not certified (reweight: the files are written and say so; areas: not all of them), or not confirmed (verify)
  4    the weights differ (compare, or reweight --gold-star with a certified answer); PENDING_REVIEW (rebalance)
  5    infeasible (reweight): it is proven that no weights meet what was asked; the files are written and say why;
       BLOCKED (rebalance)
  130  stopped by a second Ctrl-C; nothing is written`
