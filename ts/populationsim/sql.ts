import { identifier, literal } from '../data/database.js'
import { type Expression, ExpressionError, parseExpression } from './expression.js'

export type ColumnType = 'boolean' | 'number' | 'text'

/** The seed table of a control as its expressions see it. */
export interface SeedTable {
  /** `households` or `persons`. */
  name: string
  /** By the name in expressions: the name in the file and what the column holds. */
  columns: ReadonlyMap<string, { name: string; type: ColumnType }>
  /** Words that SQL wants in quotation marks as names. */
  reservedWords: ReadonlySet<string>
}

/** A control's rows and what is added up over them. */
export interface Translation {
  predicate: string
  /** null: a count. */
  value: string | null
}

/** A piece of SQL; what binds more loosely than where it is put goes into parentheses. */
interface Sql {
  text: string
  type: ColumnType
  binding: Binding
  /** A value written in the expression itself, never missing. */
  isConstant: boolean
}

enum Binding {
  Or,
  And,
  Not,
  Comparison,
  Sum,
  Product,
  Atom,
}

/**
 * Translates the expression of a control into SQL that counts the same rows: a comparison with a missing value holds no more
 * in pandas than in SQL, but its negation (`~`, `!=`) holds in pandas, where SQL says NULL.
 *
 * @throws {ExpressionError} for what cannot be translated.
 */
export function translate(source: string, table: SeedTable): Translation {
  const sql = new Translator(table).value(parseExpression(source), 'holds')
  if (sql.type === 'boolean') return { predicate: sql.text, value: null }
  if (sql.type === 'number') return { predicate: 'TRUE', value: sql.text }
  throw new ExpressionError(0, 'a condition or a number', `a text: ${source}`)
}

/**
 * Whether a condition on a missing value may be NULL: yes where only its holding counts, no below a negation and in
 * arithmetic.
 */
type Use = 'holds' | 'exact'

class Translator {
  readonly #table: SeedTable

  constructor(table: SeedTable) {
    this.#table = table
  }

  value(node: Expression, use: Use): Sql {
    switch (node.kind) {
      case 'number':
        return constant(node.text, 'number')
      case 'text':
        return constant(literal(node.value), 'text')
      case 'name':
        return this.#name(node)
      case 'attribute':
      case 'item':
        return this.#column(node, use)
      case 'unary':
        return this.#unary(node, use)
      case 'binary':
        return this.#binary(node, use)
      case 'call':
        return this.#call(node, use)
      case 'list':
        throw new ExpressionError(node.at, 'a column or a value', 'a list')
    }
  }

  #name({ name, at }: Expression & { kind: 'name' }): Sql {
    if (name === 'True') return constant('TRUE', 'boolean')
    if (name === 'False') return constant('FALSE', 'boolean')
    if (name === 'None') throw missing(at, name)
    throw new ExpressionError(at, `a column of the control's table, ${this.#table.name}.COLUMN`, name)
  }

  #column(node: Expression & { kind: 'attribute' | 'item' }, use: Use): Sql {
    const { object, at } = node
    if (isModule(object)) {
      const name = node.kind === 'attribute' ? node.name : ''
      if (name === 'inf') return constant(`'infinity'::DOUBLE`, 'number')
      throw name === 'nan' ? missing(at, 'np.nan') : untranslated(at, `np.${name}`)
    }
    if (object.kind !== 'name') throw untranslated(at, node.kind === 'attribute' ? `.${node.name}` : '[...]')
    if (object.name !== this.#table.name) {
      throw new ExpressionError(object.at, `the control's own table ${this.#table.name}`, object.name)
    }
    if (node.kind === 'item' && node.key.kind !== 'text') {
      throw new ExpressionError(node.key.at, 'the name of a column in quotation marks', 'something else')
    }
    const name = node.kind === 'attribute' ? node.name : (node.key as { value: string }).value
    const column = this.#table.columns.get(name)
    if (column === undefined) {
      const expected = `one of the columns ${[...this.#table.columns.keys()].join(', ')}`
      throw new ExpressionError(at, expected, name)
    }
    const isBare =
      /^[A-Za-z_]\w*$/.test(column.name) && !this.#table.reservedWords.has(column.name.toLowerCase())
    const text = isBare ? column.name : identifier(column.name)
    return inUse({ text, type: column.type, binding: Binding.Atom, isConstant: false }, use)
  }

  #unary({ operator, operand, at }: Expression & { kind: 'unary' }, use: Use): Sql {
    if (operator === '~') return not(this.#condition(operand, 'exact'))
    const sql = this.#number(this.value(operand, use), at)
    if (operator === '+') return sql
    return { ...sql, text: `-${inside(sql, Binding.Atom)}`, binding: Binding.Product }
  }

  #binary({ operator, left, right, at }: Expression & { kind: 'binary' }, use: Use): Sql {
    switch (operator) {
      case '&':
        return join('AND', Binding.And, this.#condition(left, use), this.#condition(right, use))
      case '|':
        return join('OR', Binding.Or, this.#condition(left, use), this.#condition(right, use))
      case '^':
        return join('<>', Binding.Comparison, this.#condition(left, 'exact'), this.#condition(right, 'exact'))
      case '+':
      case '-':
      case '*':
      case '/':
        return this.#arithmetic(operator, left, right, at)
      case '//':
      case '%':
      case '**':
      case '<<':
      case '>>':
      case '@':
        throw untranslated(at, `the operator ${operator}`)
      default:
        return this.#compare(operator, this.value(left, 'exact'), this.value(right, 'exact'), at, use)
    }
  }

  #condition(node: Expression, use: Use): Sql {
    const sql = this.value(node, use)
    if (sql.type === 'boolean') return sql
    const expected =
      'a condition (a comparison beside & or | needs parentheses: in Python these bind tighter)'
    throw new ExpressionError(node.at, expected, `a ${sql.type}`)
  }

  #number(sql: Sql, at: number): Sql {
    if (sql.type === 'number') return sql
    if (sql.type === 'text') throw new ExpressionError(at, 'a number', 'a text')
    return { ...sql, text: `CAST(${sql.text} AS INTEGER)`, type: 'number', binding: Binding.Atom }
  }

  #arithmetic(operator: string, left: Expression, right: Expression, at: number): Sql {
    const sides = [this.value(left, 'exact'), this.value(right, 'exact')] as const
    if (sides.every(({ type }) => type === 'boolean')) {
      throw new ExpressionError(
        at,
        '& or | between conditions',
        `${operator}, which numpy takes for a logical one`,
      )
    }
    if (operator === '/' && !(sides[1].isConstant && Number(sides[1].text) !== 0)) {
      throw new ExpressionError(at, 'a division by a number other than 0', 'one by what may be 0')
    }
    const binding = operator === '*' || operator === '/' ? Binding.Product : Binding.Sum
    const [a, b] = sides.map((side) => this.#number(side, at))
    // a - (b - c) keeps its parentheses, a - b - c has none.
    const text = `${inside(a!, binding)} ${operator} ${inside(b!, binding + 1)}`
    return { text, type: 'number', binding, isConstant: a!.isConstant && b!.isConstant }
  }

  #compare(operator: string, left: Sql, right: Sql, at: number, use: Use): Sql {
    const [a, b] = this.#comparable(left, right, at)
    if (operator !== '!=') return comparison(`${a} ${operator === '==' ? '=' : operator} ${b}`, use)
    if (left.isConstant || right.isConstant) return comparison(`${a} IS DISTINCT FROM ${b}`, 'holds')
    // Two missing values differ in pandas.
    return not(comparison(`${a} = ${b}`, 'exact'))
  }

  /** In pandas a text equals no number; SQL would compare `3` with `'3'`, or fail on the first other text. */
  #comparable(left: Sql, right: Sql, at: number): [string, string] {
    if (left.type === right.type || (left.type !== 'text' && right.type !== 'text')) {
      const [a, b] =
        left.type === right.type ? [left, right] : [this.#number(left, at), this.#number(right, at)]
      return [inside(a, Binding.Sum), inside(b, Binding.Sum)]
    }
    throw new ExpressionError(at, 'two values of one kind', `a ${left.type} compared with a ${right.type}`)
  }

  #call(node: Expression & { kind: 'call' }, use: Use): Sql {
    const { callee, at } = node
    if (callee.kind !== 'attribute') throw untranslated(at, 'a call')
    if (isModule(callee.object)) return this.#function(callee.name, node, use)
    const { object } = callee
    if (object.kind === 'attribute' && object.name === 'str')
      return this.#textMethod(callee.name, object, node, use)
    return this.#method(callee.name, this.value(object, 'exact'), node, use)
  }

  /** `np.isnan(x)`, `pd.isna(x)` and the like. */
  #function(name: string, node: Call, use: Use): Sql {
    const given = (count: number) => this.#positional(node, `np.${name}`, count)
    switch (name) {
      case 'isnan':
      case 'isna':
      case 'isnull':
      case 'notna':
      case 'notnull':
        return isMissing(this.value(given(1)[0]!, 'holds'), !name.startsWith('not'))
      case 'logical_not':
        return not(this.#condition(given(1)[0]!, 'exact'))
      case 'logical_and':
      case 'logical_or': {
        const [left, right] = given(2)
        return this.#binary(
          {
            kind: 'binary',
            operator: name === 'logical_and' ? '&' : '|',
            left: left!,
            right: right!,
            at: node.at,
          },
          use,
        )
      }
      case 'isin': {
        const [object, list] = given(2)
        return this.#isin(this.value(object!, 'exact'), list!, use)
      }
      case 'abs':
        return absolute(this.#number(this.value(given(1)[0]!, 'exact'), node.at))
      case 'where':
        return this.#where(given(3), node.at)
      default:
        throw untranslated(node.at, `np.${name}`)
    }
  }

  #where([condition, yes, no]: readonly Expression[], at: number): Sql {
    const [a, b] = [this.value(yes!, 'exact'), this.value(no!, 'exact')].map((sql) => this.#number(sql, at))
    const text = `CASE WHEN ${this.#condition(condition!, 'holds').text} THEN ${a!.text} ELSE ${b!.text} END`
    return { text, type: 'number', binding: Binding.Atom, isConstant: false }
  }

  /** `column.isin([...])` and the like. */
  #method(name: string, object: Sql, node: Call, use: Use): Sql {
    const given = (count: number) => this.#positional(node, `.${name}`, count)
    const operators: Record<string, string> = { eq: '==', ne: '!=', lt: '<', le: '<=', gt: '>', ge: '>=' }
    const operator = operators[name]
    if (operator !== undefined)
      return this.#compare(operator, object, this.value(given(1)[0]!, 'exact'), node.at, use)
    switch (name) {
      case 'isna':
      case 'isnull':
      case 'notna':
      case 'notnull':
        given(0)
        return isMissing(object, !name.startsWith('not'))
      case 'isin':
        return this.#isin(object, given(1)[0]!, use)
      case 'between':
        return this.#between(object, node, use)
      case 'abs':
        given(0)
        return absolute(this.#number(object, node.at))
      case 'astype':
        return this.#astype(object, given(1)[0]!)
      case 'fillna': {
        const filling = this.value(given(1)[0]!, 'exact')
        const [a, b] = this.#comparable(object, filling, node.at)
        return {
          text: `coalesce(${a}, ${b})`,
          type: object.type,
          binding: Binding.Atom,
          isConstant: false,
        }
      }
      default:
        throw untranslated(node.at, `.${name}()`)
    }
  }

  #textMethod(name: string, { object }: Expression & { kind: 'attribute' }, node: Call, use: Use): Sql {
    const functions: Record<string, string> = { startswith: 'starts_with', endswith: 'ends_with' }
    const sqlName = functions[name]
    if (sqlName === undefined) throw untranslated(node.at, `.str.${name}()`)
    const [text, part] = [
      this.value(object, 'exact'),
      this.value(this.#positional(node, `.str.${name}`, 1)[0]!, 'exact'),
    ]
    if (text.type !== 'text' || part.type !== 'text')
      throw new ExpressionError(node.at, 'a column of texts', 'another')
    const sql: Sql = {
      text: `${sqlName}(${text.text}, ${part.text})`,
      type: 'boolean',
      binding: Binding.Atom,
      isConstant: false,
    }
    return inUse(sql, use)
  }

  #isin(object: Sql, list: Expression, use: Use): Sql {
    const members = membersOf(list)
    const [missingOnes, others] = [members.filter(isMissingValue), members.filter((m) => !isMissingValue(m))]
    const values = others.map((member) => {
      const value = this.value(member, 'exact')
      if (!value.isConstant) throw new ExpressionError(member.at, 'a number or a text', 'something else')
      this.#comparable(object, value, member.at)
      return value.text
    })
    const isIn =
      values.length === 0
        ? constant('FALSE', 'boolean')
        : comparison(`${inside(object, Binding.Sum)} IN (${values.join(', ')})`, use)
    return missingOnes.length === 0 ? isIn : join('OR', Binding.Or, isIn, isMissing(object, true))
  }

  #between(object: Sql, node: Call, use: Use): Sql {
    const { positional, named, at } = node
    const inclusive = positional[2] ?? named.get('inclusive') ?? { kind: 'text', value: 'both', at }
    const [lower, upper] = [positional[0] ?? named.get('left'), positional[1] ?? named.get('right')]
    const sides: Record<string, [string, string]> = {
      both: ['>=', '<='],
      left: ['>=', '<'],
      right: ['>', '<='],
      neither: ['>', '<'],
    }
    const [least, most] = (inclusive.kind === 'text' && sides[inclusive.value]) || []
    if (!least || !most || !lower || !upper) {
      throw new ExpressionError(
        at,
        '.between(lower, upper, inclusive="both", "left", "right" or "neither")',
        'other arguments',
      )
    }
    const compare = (operator: string, edge: Expression) =>
      this.#compare(operator, object, this.value(edge, 'exact'), edge.at, use)
    return join('AND', Binding.And, compare(least, lower), compare(most, upper))
  }

  #astype(object: Sql, type: Expression): Sql {
    const name = type.kind === 'name' ? type.name : type.kind === 'text' ? type.value : ''
    if (/^(int|float)(8|16|32|64)?$/.test(name) && object.type === 'boolean')
      return this.#number(object, type.at)
    if (/^float/.test(name) && object.type === 'number') return object
    if (/^int/.test(name) && object.type === 'number')
      return { ...object, text: `trunc(${object.text})`, binding: Binding.Atom, isConstant: false }
    throw untranslated(type.at, `.astype(${name}) of a ${object.type}`)
  }

  #positional({ positional, named, at }: Call, name: string, count: number): Expression[] {
    if (positional.length === count && named.size === 0) return positional
    const received = `${positional.length + named.size}`
    throw new ExpressionError(at, `${count} unnamed argument${count === 1 ? '' : 's'} of ${name}()`, received)
  }
}

type Call = Expression & { kind: 'call' }

const isModule = (node: Expression) =>
  node.kind === 'name' && ['np', 'numpy', 'pd', 'pandas'].includes(node.name)

const isMissingValue = (node: Expression) =>
  (node.kind === 'name' && node.name === 'None') ||
  (node.kind === 'attribute' && isModule(node.object) && node.name === 'nan')

/** The members of `[1, 2, 3]`, or of `range(1, 4)`. */
function membersOf(list: Expression): Expression[] {
  if (list.kind === 'list') return list.items
  if (list.kind === 'call' && list.callee.kind === 'name' && list.callee.name === 'range') {
    const edges = list.positional.map((edge) => (edge.kind === 'number' ? Number(edge.text) : Number.NaN))
    const [first, end] = edges.length === 1 ? [0, edges[0]!] : [edges[0] ?? Number.NaN, edges[1]!]
    if (edges.length <= 2 && end - first <= 10_000) {
      return Array.from({ length: Math.max(0, end - first) }, (_, i) => ({
        kind: 'number',
        text: String(first + i),
        at: list.at,
      }))
    }
  }
  throw new ExpressionError(list.at, 'a list of values, [1, 2, 3]', 'something else')
}

const constant = (text: string, type: ColumnType): Sql => ({
  text,
  type,
  binding: Binding.Atom,
  isConstant: true,
})

const inside = (sql: Sql, binding: Binding) => (sql.binding < binding ? `(${sql.text})` : sql.text)

const comparison = (text: string, use: Use): Sql =>
  inUse({ text, type: 'boolean', binding: Binding.Comparison, isConstant: false }, use)

/** A condition that may be NULL, as false where NULL would not do. */
function inUse(sql: Sql, use: Use): Sql {
  if (use === 'holds' || sql.type !== 'boolean') return sql
  return { ...sql, text: `coalesce(${sql.text}, FALSE)`, binding: Binding.Atom }
}

const not = (sql: Sql): Sql => ({
  ...sql,
  text: `NOT ${inside(sql, Binding.Atom)}`,
  binding: Binding.Not,
})

const isMissing = (sql: Sql, is: boolean): Sql =>
  comparison(`${inside(sql, Binding.Sum)} IS ${is ? '' : 'NOT '}NULL`, 'holds')

const absolute = (sql: Sql): Sql => ({ ...sql, text: `abs(${sql.text})`, binding: Binding.Atom })

function join(word: string, binding: Binding, left: Sql, right: Sql): Sql {
  const least = binding === Binding.Comparison ? Binding.Sum : binding
  return {
    text: `${inside(left, least)} ${word} ${inside(right, least)}`,
    type: 'boolean',
    binding,
    isConstant: false,
  }
}

const missing = (at: number, received: string) =>
  new ExpressionError(at, '.isna() (nothing compares equal to a missing value)', received)

const untranslated = (at: number, received: string) =>
  new ExpressionError(
    at,
    'comparisons, & | ~, arithmetic, .isin, .between, .isna and the like',
    `${received}, which has no translation`,
  )
