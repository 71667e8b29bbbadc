/** The way of an order from its request on, as a picture: a row for each stage, in the order in which the saga has them. */
import { escapeHtml } from "../../runtime/http/page.ts";

export interface WayRow {
  /** The order's stage; empty before there is an order. */
  readonly stage: string;
  /** What is done in it, in a few words. */
  readonly about: string;
  /** Whom the order has to do with. */
  readonly others: readonly string[];
  readonly sends: readonly string[];
  readonly hears: readonly string[];
  readonly tells: readonly string[];
}

export interface Way {
  readonly rows: readonly WayRow[];
  /** Which rows may follow each other, by their places. */
  readonly steps: readonly (readonly [number, number])[];
  /** The order's events, and who listens to them. */
  readonly events: string;
  readonly listeners: readonly string[];
}

const ROW = 64;
const TOP = 92;
const ORDER = { left: 130, right: 330, text: 150 };
const OTHER = { left: 640, right: 900, text: 656 };
const WIDTH = 920;
/** Letters that fit into the width of a module's box. */
const LINE = 40;

const STYLE = `:root { color-scheme: light dark; }
.ground { fill: #ffffff; } .box { fill: #f1f3f5; stroke: #8a949e; } .main { fill: #dbeafb; stroke: #0b57a4; }
text { fill: #1b1f24; } .quiet { fill: #4d5761; font-size: 12px; } .name { font-weight: 600; }
.way { stroke: #0b57a4; stroke-width: 1.6; fill: none; marker-end: url(#a); } .tip { fill: #0b57a4; }
@media (prefers-color-scheme: dark) {
.ground { fill: #15181c; } .box { fill: #23282e; stroke: #6b757f; } .main { fill: #12304e; stroke: #8cbcf2; }
text { fill: #e8eaed; } .quiet { fill: #b3bbc4; } .way { stroke: #8cbcf2; } .tip { fill: #8cbcf2; } }`;

const text = (x: number, y: number, content: string, kind = "quiet") =>
  `<text x="${x}" y="${y}" class="${kind}">${escapeHtml(content)}</text>`;
const arrow = (path: string) => `<path class="way" d="${path}"/>`;
const rowTop = (index: number) => TOP + index * ROW;

/** The picture as SVG, with a description for those who do not see it. */
export function wayPicture({ rows, steps, events, listeners }: Way): string {
  const told = {
    stage: "",
    about: "listens",
    others: listeners,
    sends: [`${events}: what it tells`],
    hears: [],
    tells: [],
  };
  const all = [...rows, told];
  const bottom = rowTop(all.length);
  const height = bottom + 64;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="14">
<title id="t">The way of an order through the modules</title>
<desc id="d">${escapeHtml(all.map(inWords).join(" "))}</desc>
<style>
${STYLE}
</style>
<defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker></defs>
<rect class="ground" width="${WIDTH}" height="${height}" rx="8"/>
<rect class="main" x="${ORDER.left}" y="20" width="${ORDER.right - ORDER.left}" height="${bottom - 20}" rx="8"/>
${[
  text(ORDER.text, 44, "order", "name"),
  text(ORDER.text, 64, "the saga, and alone the"),
  text(ORDER.text, 80, "right to end an order"),
  text(16, TOP + 26, "POST /orders", "name"),
  arrow(`M16 ${TOP + 36}H${ORDER.left - 6}`),
].join("\n")}
${all.map(drawn).join("\n")}
${steps.map(stepDrawn).join("\n")}
${text(16, bottom + 26, "Commands and events travel within the process, or over Kafka; what is asked at once is called directly, or over HTTP.")}
${text(16, bottom + 46, "Each module has its own schema and role. Only serialised data passes between modules, also when all share a process.")}
</svg>
`;
}

/** A stage, and what the order has to do with others in it. */
function drawn({ stage, about, others, sends, hears, tells }: WayRow, index: number): string {
  const top = rowTop(index);
  const [gap, half] = [ORDER.right + 14, top + 26];
  const parts = [text(ORDER.text, half + 4, stage, "stage")];
  if (tells.length > 0) parts.push(text(ORDER.text, half + 20, `tells ${tells.join(", ")}`));
  if (others.length === 0) return [...parts, text(gap, half + 4, about)].join("\n");
  parts.push(
    `<rect class="box" x="${OTHER.left}" y="${top}" width="${OTHER.right - OTHER.left}" height="${ROW - 8}" rx="8"/>`,
    text(OTHER.text, top + 18, others.join(", "), "name"),
    ...wrapped(about).map((line, place) => text(OTHER.text, top + 34 + 15 * place, line)),
  );
  const between = `${OTHER.left - ORDER.right - 8}`;
  if (sends.length > 0)
    parts.push(text(gap, top + 12, sends.join(", ")), arrow(`M${ORDER.right} ${top + 18}h${between}`));
  if (hears.length > 0)
    parts.push(arrow(`M${OTHER.left} ${top + 36}h-${between}`), text(gap, top + 51, hears.join(", or ")));
  return parts.join("\n");
}

/** From a stage to the next one, or past others. */
function stepDrawn([from, to]: readonly [number, number]): string {
  const [start, end] = [rowTop(from) + 34, rowTop(to) + 14];
  if (to === from + 1) return arrow(`M${ORDER.left + 12} ${start}V${end}`);
  const aside = ORDER.left - 20 * (to - from);
  return arrow(`M${ORDER.left + 12} ${start}Q${aside} ${(start + end) / 2} ${ORDER.left + 12} ${end}`);
}

function wrapped(words: string): readonly string[] {
  const lines: string[] = [];
  for (const word of words.split(" ")) {
    const longer = `${lines.at(-1) ?? ""} ${word}`;
    if (lines.length === 0 || longer.length > LINE) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function inWords({ stage, about, others, sends, hears, tells }: WayRow): string {
  const exchange = [
    ...(sends.length > 0 ? [`${sends.join(", ")} to ${others.join(", ")}`] : []),
    ...(hears.length > 0 ? [`goes on with ${hears.join(", or ")}`] : []),
    ...(tells.length > 0 ? [`tells ${tells.join(", ")}`] : []),
  ];
  return `${[stage || "order", about, ...exchange].join("; ")}.`;
}
