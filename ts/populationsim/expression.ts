/**
 * Reads the Python expressions of a controls file, `(persons.PAge >= 5) & (persons.PAge <= 6)` for instance, with Python's own
 * precedence (https://docs.python.org/3/reference/expressions.html#operator-precedence): `&` binds tighter than `==`.
 */

export type Expression = { at: number } & (
  | { kind: 'number'; text: string }
  | { kind: 'text'; value: string }
  | { kind: 'name'; name: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'attribute'; object: Expression; name: string }
  | { kind: 'item'; object: Expression; key: Expression }
  | { kind: 'call'; callee: Expression; positional: Expression[]; named: Map<string, Expression> }
  | { kind: 'unary'; operator: string; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
)

/** The expression cannot be read or translated; `at` is the place in its text, counted from 0. */
export class ExpressionError extends Error {
  constructor(
    readonly at: number,
    readonly expected: string,
    readonly received: string,
  ) {
    super(`expected ${expected}, received ${received}`)
  }
}

interface Token {
  kind: 'number' | 'text' | 'name' | 'operator' | 'end'
  text: string
  at: number
}

const patterns: readonly [Token['kind'], RegExp][] = [
  ['number', /(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y],
  ['text', /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y],
  ['name', /[\p{ID_Start}_][\p{ID_Continue}]*/uy],
  ['operator', /\*\*|\/\/|<=|>=|==|!=|<<|>>|[-+*/%&|^~<>()[\]{}.,:=@]/y],
]

function tokens(source: string): Token[] {
  const found: Token[] = []
  for (let at = /^\s*/.exec(source)![0].length; at < source.length; ) {
    const token = tokenAt(source, at)
    found.push(token)
    at += token.text.length
    at += /^\s*/.exec(source.slice(at))![0].length
  }
  found.push({ kind: 'end', text: 'the end', at: source.length })
  return found
}

function tokenAt(source: string, at: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at
    const text = pattern.exec(source)?.[0]
    if (text !== undefined) return { kind, text, at }
  }
  throw new ExpressionError(at, 'a Python expression', source.slice(at, at + 10))
}

/** Binary operators by how tightly they bind, the loosest first; all group to the left. */
const levels: readonly (readonly string[])[] = [
  ['==', '!=', '<', '<=', '>', '>='],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '//', '%', '@'],
]
const comparisons = levels[0]!

/** Words of Python that cannot be part of an expression over columns, with what to write instead. */
const advice: Record<string, string> = {
  and: '& between conditions in parentheses (pandas knows no `and` of columns)',
  or: '| between conditions in parentheses (pandas knows no `or` of columns)',
  not: '~ before a condition in parentheses (pandas knows no `not` of columns)',
  in: '.isin([...])',
  is: '.isna() or ==',
  if: 'np.where(condition, value, value)',
  lambda: 'an expression without functions of its own',
  for: 'an expression without loops',
}

/** Reads one expression; all of the text must belong to it. */
export function parseExpression(source: string): Expression {
  const found = tokens(source)
  let position = 0
  const peek = () => found[position]!
  const next = () => found[position++]!
  const fail = (expected: string, token = peek()): never => {
    throw new ExpressionError(token.at, advice[token.text] ?? expected, token.text)
  }
  const isNext = (text: string) => peek().kind === 'operator' && peek().text === text
  const take = (text: string) => (isNext(text) ? next() : fail(`\`${text}\``))

  const whole = binary(0)
  if (peek().kind !== 'end') fail('an operator or the end')
  return whole

  function binary(level: number): Expression {
    const operators = levels[level]
    if (operators === undefined) return unary()
    let left = binary(level + 1)
    while (peek().kind === 'operator' && operators.includes(peek().text)) {
      const { text, at } = next()
      left = { kind: 'binary', operator: text, left, right: binary(level + 1), at }
      if (level === 0 && comparisons.includes(peek().text)) {
        fail('one comparison (put each in parentheses and join them by &: in Python & binds tighter than ==)')
      }
    }
    return left
  }

  function unary(): Expression {
    const { kind, text, at } = peek()
    if (kind !== 'operator' || !['-', '+', '~'].includes(text)) return power()
    next()
    return { kind: 'unary', operator: text, operand: unary(), at }
  }

  function power(): Expression {
    const left = primary()
    if (!isNext('**')) return left
    const { at } = next()
    return { kind: 'binary', operator: '**', left, right: unary(), at }
  }

  function primary(): Expression {
    let expression = atom()
    for (;;) {
      const { at } = peek()
      if (isNext('.')) {
        next()
        const { kind, text } = peek().kind === 'name' ? next() : fail('a name')
        if (kind === 'name') expression = { kind: 'attribute', object: expression, name: text, at }
      } else if (isNext('[')) {
        next()
        expression = { kind: 'item', object: expression, key: binary(0), at }
        take(']')
      } else if (isNext('(')) {
        next()
        expression = { kind: 'call', callee: expression, ...callArguments(), at }
      } else return expression
    }
  }

  function atom(): Expression {
    const token = peek()
    const { at } = token
    if (token.kind === 'name' && token.text in advice) return fail('')
    if (token.kind === 'number') return { kind: 'number', text: next().text.replaceAll('_', ''), at }
    if (token.kind === 'name') return { kind: 'name', name: next().text, at }
    if (token.kind === 'text') return { kind: 'text', value: unescaped(next()), at }
    if (isNext('[')) return { kind: 'list', items: items('[', ']'), at }
    if (!isNext('(')) return fail('a column, a number or a text')
    const inside = items('(', ')')
    // (a) is a, (a, b) a tuple.
    return inside.length === 1 && found[position - 2]!.text !== ','
      ? inside[0]!
      : { kind: 'list', items: inside, at }
  }

  function items(open: string, close: string): Expression[] {
    take(open)
    const list: Expression[] = []
    while (!isNext(close)) {
      list.push(binary(0))
      if (!isNext(close)) take(',')
    }
    take(close)
    return list
  }

  function callArguments(): { positional: Expression[]; named: Map<string, Expression> } {
    const positional: Expression[] = []
    const named = new Map<string, Expression>()
    while (!isNext(')')) {
      const isNamed = peek().kind === 'name' && found[position + 1]!.text === '='
      const name = isNamed ? next().text : null
      if (isNamed) next()
      const value = binary(0)
      if (name === null) positional.push(value)
      else named.set(name, value)
      if (!isNext(')')) take(',')
    }
    take(')')
    return { positional, named }
  }
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', "'": "'", '"': '"' }

function unescaped({ text, at }: Token): string {
  return text.slice(1, -1).replace(/\\(.)/gs, (whole, character: string) => {
    const value = escapes[character]
    if (value === undefined) throw new ExpressionError(at, 'a text without such an escape', whole)
    return value
  })
}
