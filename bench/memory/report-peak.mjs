// Loaded before a program (node --import): at its end the peak resident memory, in MiB, goes to the file EQUIPOISE_PEAK.
import { writeFileSync } from 'node:fs'

process.on('exit', () =>
  writeFileSync(process.env.EQUIPOISE_PEAK, String(process.resourceUsage().maxRSS / 1024)),
)
