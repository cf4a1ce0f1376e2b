import { readAreasFile } from '../../ts/areas/file.js'
import { type AreasProblem, readAreasProblem } from '../../ts/areas/problem.js'
import { isRefused, type ResolvedArea } from '../../ts/areas/resolve.js'
import type { ProblemSource } from '../../ts/data/problem.js'
import { InputError } from '../../ts/errors.js'
import { folder } from '../data/folder.js'

/** Six records in two states, three targets of which one has no record in the state B. */
export const dataFiles = {
  'records.csv':
    'id,w,state,size,kind\n1,10,A,1,x\n2,20,A,2,x\n3,30,A,3,y\n4,40,B,1,x\n5,50,B,2,x\n6,60,B,4,x\n',
  'targets.csv':
    "name,table,predicate,value\nall,records,TRUE,\nmembers,records,TRUE,size\ny_only,records,kind = 'y',\n",
  'totals.csv': 'area,all,members,y_only\nA,70,150,25\nB,160,400,\n',
}

export interface Given {
  /** The areas file by its name; an object is written as JSON. */
  areas: string | object
  name?: string
  files?: Record<string, string>
  data?: Partial<ProblemSource>
  dropImpossible?: boolean
}

export async function read({
  areas,
  name = 'areas.yaml',
  files,
  data,
  dropImpossible = false,
}: Given): Promise<AreasProblem> {
  const text = typeof areas === 'string' ? areas : JSON.stringify(areas)
  const at = folder({ ...dataFiles, ...files, [name]: text })
  const file = await readAreasFile(at(name))
  return readAreasProblem({
    data: {
      id: 'id',
      weight: 'w',
      records: { files: [at('records.csv')] },
      targets: [at('targets.csv')],
      ...data,
    },
    path: at(name),
    file,
    options: { bounds: [0.1, 10], dropImpossible },
  })
}

export async function resolved(given: Given): Promise<ResolvedArea[]> {
  const { areas } = await read(given)
  return areas.map((area) => {
    if (isRefused(area)) throw area.fault
    return area
  })
}

/** The first fault: of the file as a whole, or else of an area. */
export async function faultOf(given: Given): Promise<InputError> {
  try {
    await resolved(given)
  } catch (fault) {
    if (fault instanceof InputError) return fault
    throw fault
  }
  throw new Error('there was no fault')
}
