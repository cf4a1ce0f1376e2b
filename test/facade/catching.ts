/** What is thrown, or what is returned where nothing is. */
export function catching(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}
