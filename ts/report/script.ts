/**
 * The only script of the page: sorting and searching in tables that are complete and sorted without it.
 * Written for browsers as they are, so that it needs no build step of its own.
 */
export const SCRIPT = `
(() => {
  'use strict'
  const collator = new Intl.Collator('en', { numeric: true })

  // The exact number of a cell stands in its title; a cell without one holds no number and sorts last.
  const keyOf = (cell, kind) => {
    if (kind === 'text') return cell.textContent
    if (!cell.title) return undefined
    return kind === 'size' ? Math.abs(Number(cell.title)) : Number(cell.title)
  }

  const compare = (a, b, direction) => {
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined)
    return direction * (typeof a === 'string' ? collator.compare(a, b) : a - b)
  }

  const sortBy = (table, heads, head) => {
    const kind = head.dataset.sort
    const first = kind === 'text' ? 'ascending' : 'descending'
    const second = kind === 'text' ? 'descending' : 'ascending'
    const order = head.getAttribute('aria-sort') === first ? second : first
    const direction = order === 'ascending' ? 1 : -1
    for (const other of heads) other.removeAttribute('aria-sort')
    head.setAttribute('aria-sort', order)
    const column = head.cellIndex
    const body = table.tBodies[0]
    const rows = Array.from(body.rows, (row) => ({ row, key: keyOf(row.cells[column], kind) }))
    rows.sort((a, b) => compare(a.key, b.key, direction))
    body.append(...rows.map(({ row }) => row))
    const words = kind === 'text' ? (direction > 0 ? 'A to Z' : 'Z to A') : direction > 0 ? 'smallest first' : 'largest first'
    document.getElementById(table.getAttribute('aria-describedby')).textContent = 'Sorted by ' + head.textContent.trim().toLowerCase() + ', ' + words
  }

  for (const table of document.querySelectorAll('table[data-sortable]')) {
    const heads = table.querySelectorAll('thead th[data-sort]')
    for (const head of heads) {
      const button = document.createElement('button')
      button.type = 'button'
      button.append(...head.childNodes)
      head.append(button)
      button.addEventListener('click', () => sortBy(table, heads, head))
    }
  }

  for (const box of document.querySelectorAll('input[data-search]')) {
    const body = document.getElementById(box.dataset.search)
    const count = document.querySelector('[data-count="' + box.dataset.search + '"]')
    const all = count.textContent
    box.closest('[hidden]').hidden = false
    box.addEventListener('input', () => {
      const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean)
      let shown = 0
      for (const row of body.rows) {
        const text = Array.from(row.querySelectorAll('bdi, .tag'), (part) => part.textContent).join(' ').toLowerCase()
        row.hidden = !words.every((word) => text.includes(word))
        if (!row.hidden) shown++
      }
      count.textContent = words.length === 0 ? all : shown + ' of ' + all + ' shown'
    })
  }
})()
`
