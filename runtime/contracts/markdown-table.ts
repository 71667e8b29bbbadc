/** A table as the formatter of Markdown has it: the cells of a column are as wide as its widest one. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  const lineOf = (cells: readonly string[], fill: string) =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, fill)).join(" | ")} |\n`;
  return [lineOf(headings, " "), lineOf([], "-"), ...rows.map((cells) => lineOf(cells, " "))].join("");
}
