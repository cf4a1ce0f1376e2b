/** Tells whether names match a pattern, in which * stands for any text and ? for any one character. */
export function matcher(pattern: string): (name: string) => boolean {
  const escaped = pattern.replace(/[\\^$.+()[\]{}|]/g, '\\$&')
  const expression = new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su')
  return (name) => expression.test(name)
}
