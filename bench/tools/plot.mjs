// Draws the charts of a report as SVG, each for a wide and for a narrow screen. Colours are the page's variables, so that
// one drawing serves light and dark.
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const COLOURS = { c: 'var(--c)', ours: 'var(--ours)', peer: 'var(--peer)' };
const SHAPES = ['circle', 'diamond', 'square', 'triangle', 'star', 'cross', 'wye'];
const DASHES = ['none', '7 4', '2 3', '10 3 2 3'];
const WIDE = 900;
const HALF = 452;
const NARROW = 340;
/** Widths of letters at 13 px in a wide font; the others are about as wide as a digit. */
const LETTERS = [
  [/[mMwW@%]/, 13],
  [/[iljtfr.,'|-]/, 5.5],
  [/./, 8.3],
];
const FONT = 13;

/**
 * @param {import('../report/charts').ChartSpec} chart
 * @returns {{ wide: string, narrow: string }} two SVG elements
 */
export function draw(chart) {
  const drawn = { bars, percentiles, matrix, lines }[chart.kind];
  return { wide: svg(drawn(chart, chart.minor ? HALF : WIDE), chart), narrow: svg(drawn(chart, NARROW), chart) };
}

function svg(options, { title }) {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const figure = Plot.plot({
    document,
    className: 'plot',
    ariaLabel: title,
    ...options,
    style: { fontSize: `${FONT}px`, fontFamily: 'inherit', background: 'none', overflow: 'visible', ...options.style },
    color: { type: 'identity' },
  });
  figure.setAttribute('role', 'img');
  figure.removeAttribute('font-size');
  // Inline SVG needs no namespace, and a page that names no address can be seen to fetch nothing. Plot's own style
  // sheet is the page's, once.
  return figure.outerHTML
    .replaceAll(/ xmlns(:\w+)?="[^"]*"/g, '')
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replaceAll(/="[^"]*"/g, (value) => value.replaceAll(/(\.\d\d)\d+/g, '$1'));
}

const widthOf = (text) => [...text].reduce((sum, letter) => sum + LETTERS.find(([one]) => one.test(letter))[1], 0);
const widest = (texts) => Math.max(0, ...texts.map(widthOf));
const ticks = (value) =>
  value >= 1e6
    ? `${value / 1e6} M`
    : value >= 1e3
      ? `${value / 1e3} k`
      : value >= 1
        ? `${value}`
        : `${+value.toPrecision(2)}`;

/** A bar a subject, its figure behind it. On a narrow screen the name stands above its bar. */
function bars({ bars: all }, width) {
  const isNarrow = width < 500;
  const keys = all.map((_, i) => i);
  const rowHeight = isNarrow ? 42 : 28;
  const marginLeft = isNarrow ? 4 : widest(all.map(({ label }) => label)) + 16;
  const marginRight = isNarrow ? 12 : widest(all.map(({ text }) => text)) + 14;
  const most = Math.max(...all.map(({ max }) => max));
  const at = { y: (_, i) => i };
  const inset = isNarrow ? { insetTop: 17, insetBottom: 9 } : { insetTop: 4, insetBottom: 4 };
  const range = isNarrow ? 4 : 0;
  return {
    width,
    height: all.length * rowHeight + 34,
    ...{ marginLeft, marginRight, marginTop: 4, marginBottom: 30 },
    x: { domain: [0, most], ticks: isNarrow ? 4 : 6, tickFormat: ticks, label: null, grid: true },
    y: { domain: keys, axis: null, padding: 0 },
    marks: [
      Plot.barX(all, { ...at, x: 'value', fill: ({ kind }) => COLOURS[kind], rx: 2, ...inset }),
      Plot.ruleY(
        all.filter(({ min, max }) => min !== max),
        { y: (bar) => all.indexOf(bar), x1: 'min', x2: 'max', stroke: 'var(--text)', strokeWidth: 1.5, dy: range },
      ),
      Plot.text(all, {
        ...at,
        ...(isNarrow ? { frameAnchor: 'left', dy: -13 } : { frameAnchor: 'left', dx: -8, textAnchor: 'end' }),
        text: 'label',
        fill: 'var(--text)',
      }),
      Plot.text(all, {
        ...at,
        ...(isNarrow ? { frameAnchor: 'right', textAnchor: 'end', dy: -13 } : { x: 'max', dx: 8, textAnchor: 'start' }),
        text: 'text',
        fill: isNarrow ? 'var(--soft)' : 'var(--text)',
      }),
      Plot.ruleX([0], { stroke: 'var(--line)' }),
    ],
  };
}

/** p50 to max of each subject on one line, a shape for each percentile. */
function percentiles({ rows }, width) {
  const isNarrow = width < 500;
  const marks = rows.flatMap((row, i) => row.marks.map((mark) => ({ ...mark, kind: row.kind, i })));
  const names = [...new Set(marks.map(({ name }) => name))];
  const spans = rows.map(({ marks: own, kind }, i) => ({
    ...{ i, kind },
    from: Math.min(...own.map(({ value }) => value)),
    to: Math.max(...own.map(({ value }) => value)),
  }));
  const rowHeight = isNarrow ? 46 : 36;
  const y = isNarrow ? 8 : 0;
  return {
    width,
    height: rows.length * rowHeight + 62,
    ...{ marginTop: 30, marginBottom: 32, marginRight: 24 },
    marginLeft: isNarrow ? 12 : widest(rows.map(({ label }) => label)) + 20,
    x: {
      ...{ type: 'log', grid: true, tickFormat: ticks, label: null, ticks: isNarrow ? 3 : 6, nice: true },
    },
    y: { type: 'point', domain: rows.map((_, i) => i), axis: null, padding: 0.5 },
    symbol: { domain: names, range: SHAPES },
    marks: [
      Plot.ruleY(spans, { y: 'i', x1: 'from', x2: 'to', stroke: ({ kind }) => COLOURS[kind], strokeWidth: 2, dy: y }),
      Plot.dot(marks, {
        ...{ y: 'i', x: 'value', symbol: 'name', r: 5.5, dy: y, stroke: 'var(--back)', strokeWidth: 1 },
        fill: ({ kind }) => COLOURS[kind],
      }),
      Plot.text(rows, {
        y: (_, i) => i,
        ...{ frameAnchor: 'left', fill: 'var(--text)', text: 'label' },
        ...(isNarrow ? { dy: -12 } : { dx: -12, textAnchor: 'end' }),
      }),
      legend(names, isNarrow ? 62 : 74),
    ],
  };
}

/** Shapes and their names, over the chart. A mark of its own: Plot's legends are HTML. */
function legend(names, step) {
  return Plot.marks(
    names.flatMap((name, i) => [
      Plot.dot([name], {
        symbol: [name],
        frameAnchor: 'top-left',
        dx: i * step + 6,
        dy: -18,
        r: 5,
        fill: 'var(--soft)',
      }),
      Plot.text([name], {
        ...{ text: [name], frameAnchor: 'top-left', lineAnchor: 'middle', dx: i * step + 17, dy: -18 },
        fill: 'var(--soft)',
      }),
    ]),
  );
}

function matrix({ rows, columns, cells }, width) {
  const isNarrow = width < 500;
  const rowHeight = isNarrow ? 60 : 46;
  const logs = cells.map(({ value }) => Math.log10(value));
  const [least, most] = [Math.min(...logs), Math.max(...logs)];
  const strength = ({ value }) => (most === least ? 0.5 : 0.08 + (0.62 * (Math.log10(value) - least)) / (most - least));
  const inset = isNarrow ? { insetTop: 19, insetBottom: 1 } : { inset: 1.5 };
  const dy = isNarrow ? 9 : 0;
  return {
    width,
    height: rows.length * rowHeight + 34,
    ...{ marginTop: 30, marginBottom: 4, marginRight: 2 },
    marginLeft: isNarrow ? 2 : widest(rows) + 16,
    padding: 0,
    x: { domain: columns, axis: 'top', label: null, tickSize: 0, tickFormat: column },
    y: { domain: rows, axis: null },
    marks: [
      Plot.cell(cells, { x: 'column', y: 'row', fill: 'var(--ours)', fillOpacity: strength, rx: 3, ...inset }),
      [true, false].map((isNoted) =>
        Plot.text(
          cells.filter(({ note }) => (note !== '') === isNoted),
          { x: 'column', y: 'row', text: 'text', fill: 'var(--text)', dy: dy - (isNoted ? 8 : 0), fontWeight: 600 },
        ),
      ),
      Plot.text(cells, { x: 'column', y: 'row', text: 'note', fill: 'var(--text)', dy: dy + 9, fontSize: 11.5 }),
      Plot.text(rows, {
        ...{ y: (name) => name, text: (name) => name, frameAnchor: 'left', fill: 'var(--text)' },
        ...(isNarrow ? { dy: -20 } : { dx: -8, textAnchor: 'end' }),
      }),
    ],
  };
}

const column = (text) => (/^\d+$/.test(text) ? Number(text).toLocaleString('en-US') : text);

/** One line a series; its name stands over the chart with its shape. */
function lines({ points, xLabel, yLabel }, width) {
  const isNarrow = width < 500;
  const names = [...new Set(points.map(({ series }) => series))];
  const most = Math.max(...points.map(({ max }) => max));
  return {
    width,
    height: isNarrow ? 260 : 320,
    ...{ marginTop: 44, marginBottom: 44, marginLeft: 66, marginRight: 24 },
    x: { type: 'log', tickFormat: ticks, label: xLabel, labelAnchor: 'center', labelArrow: 'none', ticks: 4 },
    y: {
      domain: [0, most],
      nice: true,
      grid: true,
      tickFormat: (value) => `${ticks(value)} ${yLabel}`,
      label: null,
      ticks: 5,
    },
    symbol: { domain: names, range: SHAPES },
    marks: [
      Plot.ruleX(points, { x: 'x', y1: 'min', y2: 'max', stroke: 'var(--soft)', strokeWidth: 1.5 }),
      names.map((name, i) =>
        Plot.lineY(
          points.filter(({ series }) => series === name),
          {
            x: 'x',
            y: 'y',
            strokeWidth: 2,
            stroke: ({ kind }) => COLOURS[kind],
            z: null,
            strokeDasharray: DASHES[i % 4],
          },
        ),
      ),
      Plot.dot(points, {
        ...{ x: 'x', y: 'y', symbol: 'series', r: 5.5, stroke: 'var(--back)' },
        fill: ({ kind }) => COLOURS[kind],
      }),
      legend(names, widest(names) + 40),
    ],
  };
}
