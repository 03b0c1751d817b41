/** The report as one HTML file that fetches nothing: answers, charts with their tables, settings, the JSON itself. */
import { answers, caveats } from './answers';
import { type ChartSpec, chartsOf, comparisons } from './charts';
import { GOALS_NOTE, goalTable } from './goals';
import { commands, described, type Group, groups, type Report, TITLES, titleOf } from './model';
import { STYLE } from './style';
import { type Cell, groupTable, leftOut, ratioTable, setupTable, type Table, voidRuns } from './tables';

/** Draws a chart twice, as SVG. */
export type Draw = (chart: ChartSpec) => { wide: string; narrow: string };

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Text with code between backticks. */
const prose = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

export function html(report: Report, draw: Draw): string {
  const all = groups(report);
  const suites = [...new Set(all.map(({ suite }) => suite))];
  const title = `rdkafka-rx bench, ${(report.startedAt ?? '').slice(0, 10) || 'undated'}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>rdkafka-rx bench</h1>
<p class="soft">${escaped(subtitle(report))}</p>
<nav><a href="#answers">Answers</a>${suites
    .map((suite) => `<a href="#${slug(suite)}">${escaped(TITLES[suite] ?? suite)}</a>`)
    .join(
      '',
    )}${goalTable(report).rows.length > 0 ? '<a href="#goals">Goals</a>' : ''}<a href="#how">Machine and method</a><a href="#data">Data</a></nav>
</header>
<main>
${answered(report)}
${suites.length === 0 ? '<p>Nothing was measured.</p>' : ''}
${suites
  .map((suite) =>
    section(
      report,
      suite,
      all.filter((group) => group.suite === suite),
      draw,
    ),
  )
  .join('\n')}
${goalSection(report)}
${allRatios(report)}
${setups(report)}
${failures(report)}
${how(report)}
${data(report)}
</main>
</body>
</html>
`;
}

const slug = (suite: string) => `suite-${suite.replaceAll(/[^\w-]/g, '-')}`;

export function subtitle({ versions = {}, machine = {}, startedAt }: Report): string {
  const parts = [
    versions.kafka && `against ${versions.kafka}`,
    machine.cpu && `${machine.cpu}, ${machine.cores} cores`,
    versions.node && `Node ${versions.node}`,
    versions.librdkafka && `librdkafka ${withoutPath(versions.librdkafka)}`,
    startedAt?.replace('T', ' ').replace(/:\d\d\.\d+Z$/, ' UTC'),
  ];
  return parts.filter(Boolean).join(' · ');
}

/** `2.15.1 (… static (/somewhere))`: the version is what matters to others. */
export const withoutPath = (version: string): string => version.replace(/ \(.*$/, '');

function answered(report: Report): string {
  const cards = answers(report).map(({ id, question, answer, points, tables = [] }) => {
    const list = points.map((point) => `<li>${prose(point)}</li>`).join('');
    const details = list === '' ? '' : `<details><summary>Size by size</summary><ul>${list}</ul></details>`;
    const below = tables.map(
      ({ title, table }, i) =>
        `<details${i === 0 ? ' open' : ''}><summary>${prose(title)}</summary>${tableHtml(table)}</details>`,
    );
    return `<article id="answer-${id}"><h2>${escaped(question)}</h2><p class="answer">${prose(answer)}</p>${details}${below.join('')}</article>`;
  });
  const against = caveats(report).map((text) => `<li>${prose(text)}</li>`);
  const noted =
    against.length === 0
      ? ''
      : `<aside><h2>What to hold against these figures</h2><ul>${against.join('')}</ul></aside>`;
  return `<section id="answers">${cards.join('\n')}${noted}</section>`;
}

function section(report: Report, suite: string, mine: Group[], draw: Draw): string {
  const parts = mine.map((group) => {
    const charts = chartsOf(report, group);
    const content = `${charts.length > 0 ? `<div class="charts">${charts.map((chart) => figure(chart, draw)).join('\n')}</div>` : ''}
${folded(groupTable(report, group))}
${notes(report, group)}`;
    const title = escaped(titleOf(group));
    // What was varied is in one chart over them all; each of them is for who wants to know more.
    if (group.variant !== '') return `<details class="variant"><summary>${title}</summary>${content}</details>`;
    return `<section><h3>${title}</h3>\n${content}</section>`;
  });
  const over = comparisons(report, mine).map((chart) => `<div class="charts">${figure(chart, draw)}</div>`);
  return `<section id="${slug(suite)}"><h2>${escaped(TITLES[suite] ?? suite)}</h2>
${over.join('\n')}
${parts.join('\n')}</section>`;
}

const KINDS = [
  ['c', 'plain C'],
  ['ours', 'this library'],
  ['peer', 'other clients'],
] as const;

function figure(chart: ChartSpec, draw: Draw): string {
  const { wide, narrow } = draw(chart);
  const used =
    chart.kind === 'bars'
      ? chart.bars.map(({ kind }) => kind)
      : chart.kind === 'percentiles'
        ? chart.rows.map(({ kind }) => kind)
        : [];
  const keys = KINDS.filter(([kind]) => used.includes(kind)).map(
    ([kind, name]) => `<span class="key ${kind}">${name}</span>`,
  );
  return `<figure${chart.kind === 'bars' && chart.minor ? ' class="minor"' : ''}>
<figcaption><b>${escaped(chart.title)}</b> ${escaped(chart.caption)}${keys.length > 1 ? ` <span class="keys">${keys.join(' ')}</span>` : ''}</figcaption>
<div class="wide">${wide}</div><div class="narrow">${narrow}</div>
</figure>`;
}

/** A table that would fill screens shows when it is asked for. */
const LONG = 30;

function folded(table: Table): string {
  if (table.rows.length <= LONG) return tableHtml(table);
  return `<details><summary>All ${table.rows.length} rows with all figures</summary>${tableHtml(table)}</details>`;
}

function tableHtml({ head, rows }: Table): string {
  const small = (text?: string) => (text ? `<small>${escaped(text)}</small>` : '');
  const cell = ({ text, range, detail }: Cell) => `${escaped(text)}${small(range)}${small(detail)}`;
  const body = rows.map(({ kind, cells: [first = { text: '' }, ...rest] }) => {
    const others = rest.map((one) => `<td>${cell(one)}</td>`);
    return `<tr${kind ? ` class="${kind}"` : ''}><th scope="row">${cell(first)}</th>${others.join('')}</tr>`;
  });
  const titles = head.map((text) => `<th scope="col">${escaped(text)}</th>`);
  return `<div class="table" tabindex="0"><table><thead><tr>${titles.join('')}</tr></thead><tbody>
${body.join('\n')}
</tbody></table></div>`;
}

/** What each subject does, for who has not read the bench. */
function notes(report: Report, { suite, rows }: Group): string {
  const said = rows.flatMap((row) => {
    const { note } = described(report, suite, row.subject);
    return note ? [`<dt><code>${escaped(row.subject)}</code></dt><dd>${escaped(note)}</dd>`] : [];
  });
  if (said.length === 0) return '';
  return `<details><summary>What each of them does</summary><dl>${said.join('')}</dl></details>`;
}

function goalSection(report: Report): string {
  const table = goalTable(report);
  if (table.rows.length === 0) return '';
  return `<section id="goals"><h2>Goals</h2><p>${escaped(GOALS_NOTE)}</p>${tableHtml(table)}</section>`;
}

function setups(report: Report): string {
  const { rows } = setupTable(report);
  if (rows.length === 0) return '';
  const said = rows.map(({ cells }) => {
    const [subject = '', client = '', how = '', settings = '', source = ''] = cells.map(({ text }) => escaped(text));
    return `<dt><code>${subject}</code></dt><dd>${client}: ${how}. ${settings}. After: ${source}</dd>`;
  });
  return `<section id="setups"><h2>How the other clients were set up</h2>
<details><summary>${rows.length} ways</summary><dl>${said.join('')}</dl></details></section>`;
}

function allRatios(report: Report): string {
  const table = ratioTable(report);
  if (table.rows.length === 0) return '';
  return `<section id="ratios"><h2>All ratios</h2>
<p>Of two subjects within the same run; the median over the runs, and the range. C here: what plain C has in the place of the first.</p>
<details><summary>${table.rows.length} ratios</summary>${tableHtml(table)}</details></section>`;
}

function failures(report: Report): string {
  const [runs, missing] = [voidRuns(report), leftOut(report)];
  const parts = [
    runs.rows.length > 0 && `<section id="void"><h2>Runs that do not count</h2>${tableHtml(runs)}</section>`,
    missing.rows.length > 0 && `<section id="left-out"><h2>Left out</h2>${tableHtml(missing)}</section>`,
  ];
  return parts.filter(Boolean).join('\n');
}

function how(report: Report): string {
  const { machine = {}, versions = {}, settings = {}, startedAt, endedAt } = report;
  const list = (entries: [string, unknown][]) =>
    `<dl>${entries.map(([key, value]) => `<dt>${escaped(key)}</dt><dd>${escaped(plain(value))}</dd>`).join('')}</dl>`;
  const { consumer, consumerInC, producer, command: _, json: __, ...others } = settings;
  const configs = Object.entries({ consumer, consumerInC, producer }).filter(([, value]) => value !== undefined);
  return `<section id="how"><h2>Machine and method</h2>
<p>Each trial is a process of its own. The subjects take turns (A B C, A B C, …), so that the machine's mood of the minute is
in all of them. Figures are medians of the runs, with the least and the greatest. Ratios are taken within a run. Every subject
says how many messages it read and a digest of them; a run that says something else than was written does not count.</p>
${commands(report)
  .map(
    ({ command, times }) => `<p>Command: <code>${escaped(command)}</code>${times > 1 ? ` (${times} times)` : ''}</p>`,
  )
  .join('\n')}
<h3>Machine</h3>${list([...Object.entries(machine), ['measured', [startedAt, endedAt].filter(Boolean).join(' to ')]])}
<h3>Versions</h3>${list(Object.entries(versions).map(([key, value]) => [key, withoutPath(value)]))}
<h3>Settings</h3>${list([...configs, ...Object.entries(others)])}</section>`;
}

function plain(value: unknown): string {
  if (value === undefined || value === null) return 'default';
  if (Array.isArray(value)) return value.length === 0 ? 'all' : value.map(plain).join(', ');
  if (typeof value !== 'object') return String(value);
  return Object.entries(value)
    .map(([key, one]) => `${key}=${plain(one)}`)
    .join(', ');
}

/** `<` cannot be in a script that ends where it should. */
export const embed = (report: Report): string => JSON.stringify(report).replaceAll('<', '\\u003c');

function data(report: Report): string {
  return `<section id="data"><h2>Data</h2>
<p>Every run's raw figures are in this file. <a id="download" href="#data">Download them as JSON</a>;
<code>npm run bench -- --from FILE.json --report FILE.html</code> makes this page of them again.</p>
<script type="application/json" id="json">${embed(report)}</script>
<script>
document.getElementById('download').addEventListener('click', function () {
  var text = JSON.stringify(JSON.parse(document.getElementById('json').textContent), null, 2) + '\\n';
  this.download = 'bench.json';
  this.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
});
</script></section>`;
}
