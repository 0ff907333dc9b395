import { BseError } from '../../src/errors.ts'
import type { Random } from './random.ts'

/** What can happen to one call over the network. */
export type NetworkFault = 'cut' | 'lost-answer' | 'slow' | 'late-answer' | 'duplicate' | 'refused' | 'busy' | 'rate-limited' | 'unauthorized' | 'garbled'

/** How often each happens while a window of trouble is open, for one device. */
export type Weather = { readonly [fault in NetworkFault]?: number }

export type WeatherName = 'calm' | 'flaky' | 'slow' | 'echo' | 'refusing' | 'down' | 'expired' | 'garbling' | 'late' | 'crawling' | 'cut'

export const WEATHERS: { readonly [name in WeatherName]: Weather } = {
  calm: {},
  flaky: { cut: 0.25, 'lost-answer': 0.25 },
  slow: { slow: 0.5, 'lost-answer': 0.1 },
  echo: { duplicate: 0.6, 'lost-answer': 0.1 },
  refusing: { refused: 0.6 },
  down: { busy: 0.8, 'rate-limited': 0.2 },
  expired: { unauthorized: 0.7 },
  garbling: { garbled: 0.6 },
  late: { 'late-answer': 0.7 },
  crawling: { slow: 1 },
  cut: { cut: 1 },
}

export function drawFault(weather: Weather, random: Random): NetworkFault | undefined {
  let left = random.next()
  for (const [fault, probability] of Object.entries(weather)) {
    left -= probability
    if (left < 0) return fault as NetworkFault
  }
  return undefined
}

export function networkError(fault: NetworkFault | 'offline', call: string, random: Random): BseError {
  const message = `simulated remote: ${call}: ${fault}`
  switch (fault) {
    case 'refused': return new BseError('REJECTED', message, { status: 422, reason: 'simulated' })
    case 'busy': return new BseError('NETWORK', message, { status: 503 })
    case 'rate-limited': return new BseError('RATE_LIMITED', message, { retryAfterMs: random.int(20_000) })
    case 'unauthorized': return new BseError('UNAUTHORIZED', message, {})
    default: return new BseError('NETWORK', message, { status: undefined })
  }
}

export function storageFull(call: string): BseError {
  return new BseError('STORAGE_FULL', `simulated store: ${call}`, { neededBytes: undefined, availableBytes: 0 })
}
