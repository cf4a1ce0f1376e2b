import { examples } from './examples.js'
import { element, refusalView, resultView } from './view.js'

const byId = (id) => document.getElementById(id)
const body = byId('body')
const outcome = byId('outcome')
let runs = 0

for (const name of Object.keys(examples)) byId('example').append(element('option', { value: name }, name))
byId('example').addEventListener('change', ({ target }) => show(examples[target.value]))
show(Object.values(examples)[0])

byId('request').addEventListener('submit', (event) => {
  event.preventDefault()
  run()
})
body.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run()
})

function show(request) {
  body.value = JSON.stringify(request, null, 2)
}

/** The request of the editor with the method of the form; undefined, and a word beside it, where it is not JSON. */
function requestOfForm() {
  try {
    const request = JSON.parse(body.value)
    const method = new FormData(byId('request')).get('method')
    byId('body-fault').textContent = ''
    body.removeAttribute('aria-invalid')
    return {
      ...request,
      options: { ...request.options, target_method: method, compare_target_methods: byId('compare').checked },
    }
  } catch (error) {
    byId('body-fault').textContent = `This is not JSON: ${error.message}`
    body.setAttribute('aria-invalid', 'true')
    body.focus()
    return undefined
  }
}

async function run() {
  const request = requestOfForm()
  if (request === undefined) return
  const number = ++runs
  outcome.setAttribute('aria-busy', 'true')
  const views = await answer(request)
  // The last click counts, whichever answer comes last.
  if (number !== runs) return
  outcome.removeAttribute('aria-busy')
  outcome.replaceChildren(...views)
  byId('result').focus({ preventScroll: true })
}

async function answer(request) {
  const token = byId('token').value
  try {
    const response = await fetch('rebalance/simulate', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'idempotency-key': `page-${Date.now()}-${runs}`,
        ...(token !== '' && { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(request),
    })
    const result = await response.json()
    return response.ok ? resultView(request, result, relax) : refusalView(result)
  } catch {
    return refusalView({ status: 'no answer', message: 'the server cannot be reached', detail: [] })
  }
}

/** The member of an object, made where it is missing; of a list the one of that name. */
function inside(place, key) {
  if (Array.isArray(place)) return place.find(({ name }) => name === key)
  place[key] ??= {}
  return place[key]
}

/** Puts the new limits into the editor and runs again. */
function relax(changes) {
  const request = JSON.parse(body.value)
  for (const { field, to } of changes) {
    let place = request
    for (const key of field.slice(0, -1)) place = inside(place, key)
    const last = field.at(-1)
    place[last] = last === 'buys_only' ? false : to
  }
  show(request)
  run()
}
