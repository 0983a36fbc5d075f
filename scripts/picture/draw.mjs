/** A terminal as an SVG: dark text on a light ground, the reader's own monospaced font, nothing from elsewhere. */
const CHARACTER = 8.4;
const LINE = 19;
const MARGIN = 20;
const BAR = 34;
const COLOURS = { tell: "#6e7781", command: "#0b5394", output: "#24292f" };
const FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace";

/** The lines, `{ kind: "tell" | "command" | "output", text }`, as one picture. */
export function drawTerminal(lines) {
  const kept = lines[0]?.text === "" ? lines.slice(1) : lines;
  const columns = Math.max(80, ...kept.map(({ text }) => [...text].length));
  const width = Math.ceil(columns * CHARACTER + 2 * MARGIN);
  const height = BAR + kept.length * LINE + MARGIN;
  const drawn = kept.flatMap((line, index) => drawLine(line, BAR + MARGIN / 2 + (index + 0.7) * LINE));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    "<title>pgrove in a terminal: up, dump, restore after a delete without where, copy</title>",
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="#ffffff" stroke="#d0d7de"/>`,
    ...["#e5534b", "#d4a72c", "#57ab5a"].map(
      (fill, index) => `<circle cx="${MARGIN + index * 18}" cy="18" r="5.5" fill="${fill}"/>`,
    ),
    `<g font-family="${FONT}" font-size="14" xml:space="preserve">`,
    ...drawn,
    "</g>",
    "</svg>",
  ].join("\n")}\n`;
}

/** textLength keeps the columns where they are, whatever the font's own width. */
function drawLine({ kind, text }, y) {
  const trimmed = text.trimEnd();
  if (trimmed === "") return [];
  const length = ([...trimmed].length * CHARACTER).toFixed(1);
  const weight = kind === "command" ? ' font-weight="600"' : "";
  const fill = COLOURS[kind];
  return [
    `<text x="${MARGIN}" y="${y.toFixed(1)}" fill="${fill}"${weight} textLength="${length}">${markUp(trimmed)}</text>`,
  ];
}

/** Spaces that not every viewer may drop or join. */
function markUp(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(" ", "\u00a0");
}
