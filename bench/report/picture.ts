/** The README's chart, as a file of its own: bars of one column of its table, for light and dark pages. */

export interface PictureRow {
  readonly title: string;
  readonly ours: boolean;
  readonly value: number;
}

const WIDTH = 760;
const LABELS = 240;
const NUMBERS = 70;
const ROW = 24;
const TOP = 34;

const STYLE = `
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1b1f24; }
.title { font-weight: 600; } .soft { fill: #59636e; }
rect { fill: #d9822b; } .ours { fill: #0f7fae; } .c { fill: #6e7781; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e9ed; } .soft { fill: #9aa5b1; }
  rect { fill: #e8995a; } .ours { fill: #35a8d8; } .c { fill: #8c97a3; }
}`;

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('`', '');

/** Bars, the longest first as they come; `unit` says what the numbers are. */
export function picture(title: string, unit: string, rows: readonly PictureRow[]): string {
  const most = Math.max(1, ...rows.map(({ value }) => value));
  const scale = (WIDTH - LABELS - NUMBERS) / most;
  const height = TOP + rows.length * ROW + 6;
  const bars = rows.map(({ title: name, ours, value }, i) => {
    const y = TOP + i * ROW;
    const kind = ours ? 'ours' : name.startsWith('C ') ? 'c' : 'peer';
    const width = Math.max(1, value * scale);
    return [
      `<text x="${LABELS - 8}" y="${y + 15}" text-anchor="end">${escaped(name)}</text>`,
      `<rect class="${kind}" x="${LABELS}" y="${y + 3}" width="${width.toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
      `<text class="soft" x="${(LABELS + width + 6).toFixed(1)}" y="${y + 15}">${Math.round(value / 1000).toLocaleString('en-US')}</text>`,
    ].join('');
  });
  const heading = `<text class="title" x="8" y="18">${escaped(title)}</text><text class="soft" x="${WIDTH - 8}" y="18" text-anchor="end">${escaped(unit)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(title)}">
<style>${STYLE}
</style>
${heading}
${bars.join('\n')}
</svg>
`;
}
