import { type Loader, loader, logger, None, parse, View } from 'vega'
import { type Config, compile, type TopLevelSpec } from 'vega-lite'
import { type Html, html, replaceForbidden, trustedHtml } from '../escape.js'

/**
 * One plot in two sizes: the page shows the one that fits the screen, so that labels keep a readable size on a phone.
 */
export interface PlotSize {
  name: 'wide' | 'narrow'
  /** Width of the whole image in CSS pixels. */
  width: number
  fontSize: number
}

export const PLOT_SIZES: readonly PlotSize[] = [
  { name: 'wide', width: 900, fontSize: 12.5 },
  { name: 'narrow', width: 350, fontSize: 11 },
]

export type Spec = TopLevelSpec

/**
 * Place of the title beside a vertical axis. Without a browser the width of the labels is only guessed, so that a title
 * left to itself can end up outside the image.
 */
export function sideTitle(left: number) {
  return { titleX: 14 - left }
}

/** Colours are the page's CSS variables: light, dark and print share one image. */
function themed(size: PlotSize): Config {
  return {
    aria: false,
    font: 'inherit',
    background: 'transparent',
    view: { stroke: null },
    axis: {
      labelColor: 'var(--muted)',
      titleColor: 'var(--ink)',
      labelFontSize: size.fontSize,
      titleFontSize: size.fontSize,
      titleFontWeight: 'normal',
      domainColor: 'var(--rule-strong)',
      tickColor: 'var(--rule-strong)',
      gridColor: 'var(--rule)',
      titlePadding: 8,
      labelFlush: false,
    },
    mark: { invalid: 'filter' },
  }
}

/** Nothing of a report may come over the network: every attempt to load is refused. */
function refusingLoader(): Loader {
  const refusing = loader()
  refusing.load = refusing.http = refusing.file = () => Promise.reject(new Error('a report loads nothing'))
  return refusing
}

/** Draws without a browser. `label` is read out in place of the image. */
export async function renderSvg(spec: Spec, size: PlotSize, label: string): Promise<Html> {
  // Libraries print nothing: a spec that vega-lite would warn about is caught by the tests, not by the reader's terminal.
  const silent = logger(None)
  const compiled = compile(spec, { config: themed(size), logger: silent })
  const view = new View(parse(compiled.spec), { renderer: 'none', loader: refusingLoader(), logger: silent })
  try {
    const svg = await view.toSVG()
    return inlineSvg(svg, size, label)
  } finally {
    view.finalize()
  }
}

function inlineSvg(svg: string, size: PlotSize, label: string): Html {
  const viewBox = /viewBox="([-\d. ]+)"/.exec(svg)?.[1] ?? ''
  const drawing = trustedHtml(
    replaceForbidden(svg.slice(svg.indexOf('>') + 1)).replace(/<[^>]*>/g, shortenTag),
  )
  return html`<svg class="${size.name}" viewBox="${viewBox}" role="img" aria-label="${label}">${drawing}`
}

/** The label stands for the whole image, so its parts need no roles; a hundredth of a pixel is enough. Half the bytes. */
function shortenTag(tag: string): string {
  return tag
    .replace(/ (?:role|aria-[a-z]+|class|pointer-events)="[^"]*"| opacity="1"/g, '')
    .replace(/(\.\d\d)\d+/g, '$1')
}
