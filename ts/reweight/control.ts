// The caller's hold on a run: signal, listeners, and the promise that answers to them.
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { CancelToken, type NativeControl } from '../native/binding.cjs'
import { fromNative } from '../native-errors.js'
import { checkedFunction, checkedSignal } from '../validate.js'

/** The caller's hold on a run, whatever its progress consists of. */
interface AnyControl {
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: never) => void
  readonly onEvent?: (event: never) => void
}

/** The names of the options that need the event loop. */
export const controlNames = ['signal', 'onProgress', 'onEvent'] as const

/** Checks the kinds of signal and listeners. */
export function checkControl({ signal, onProgress, onEvent }: AnyControl): void {
  if (signal !== undefined) checkedSignal('signal', signal)
  if (onProgress !== undefined) checkedFunction('onProgress', onProgress)
  if (onEvent !== undefined) checkedFunction('onEvent', onEvent)
}

/** Starts native work with the caller's signal and listeners, and lets go of both when it ends. */
export async function underControl<T>(
  { signal, onProgress, onEvent }: AnyControl,
  start: (control: NativeControl) => Promise<unknown>,
): Promise<T> {
  signal?.throwIfAborted()
  const token = new CancelToken()
  let running = true
  let thrown: { value: unknown } | undefined
  // An exception that reached the native channel would end the process.
  const guarded = <M>(listener: ((message: M) => void) | undefined) =>
    listener === undefined
      ? null
      : (message: object) => {
          if (!running || thrown !== undefined) return
          try {
            listener(message as M)
          } catch (value) {
            thrown = { value }
            token.cancel()
          }
        }
  const cancel = () => token.cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  try {
    return (await start({ token, onProgress: guarded(onProgress), onEvent: guarded(onEvent) })) as T
  } catch (error) {
    throw fromNative(error)
  } finally {
    // Messages of the run lie in queues of their own, which may be behind its outcome: a turn of the loop delivers them.
    if (onProgress !== undefined || onEvent !== undefined) await turnOfLoop()
    running = false
    signal?.removeEventListener('abort', cancel)
    // Its own exception is what the caller must see, not the result of a run that it ended.
    // biome-ignore lint/correctness/noUnsafeFinally: replacing the outcome is the purpose
    if (thrown !== undefined) throw thrown.value
  }
}
