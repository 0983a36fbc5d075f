// What bun's JUnit reports say: counts, what failed, how long each test took. Format: bun test --reporter=junit, bun 1.4.
import { existsSync, readFileSync } from "node:fs";

/**
 * Reads one report. `tests` is [{name, file, seconds, outcome: "passed" | "failed" | "skipped"}], `whole` says whether
 * the report is there and complete.
 */
export function readReport(path) {
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const tests = [...text.matchAll(/<testcase\b([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, head, , body = ""]) => ({
      name: [attribute(head, "classname"), attribute(head, "name")].filter((part) => part !== "").join(" > "),
      file: attribute(head, "file"),
      seconds: Number(attribute(head, "time")),
      outcome:
        body.includes("<failure") || body.includes("<error")
          ? "failed"
          : body.includes("<skipped")
            ? "skipped"
            : "passed",
    }),
  );
  return { tests, whole: /<\/testsuites>\s*$/.test(text) };
}

function attribute(head, name) {
  const value = head.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1] ?? "";
  return value.replace(/&(lt|gt|quot|apos|amp|#10);/g, (_, entity) => ENTITIES[entity]);
}

const EXCERPT_LINES = 30;

/**
 * What bun said of each test that failed, behind its name: of a long run's output only the end may be kept, and the end
 * then has to say why.
 */
export function excerptFailures(output) {
  const lines = output.split("\n");
  return lines.flatMap((line, at) => {
    if (!line.startsWith("(fail) ") || lines.indexOf(line) !== at) return []; // bun repeats them at its end
    const before = lines.slice(0, at);
    const start = before.findLastIndex((each) => /^\((pass|fail|skip)\) /.test(each)) + 1;
    return [line, ...before.slice(Math.max(start, at - EXCERPT_LINES)).map((each) => `    ${each}`)];
  });
}

/** The last of what was said by a part that ended early: its tests do not say why. */
export function excerptEnd(name, output) {
  const lines = output.trimEnd().split("\n").slice(-EXCERPT_LINES);
  return [`the end of ${name}:`, ...lines.map((line) => `    ${line}`)];
}

const CAUSES = 10;
const CAUSE_LENGTH = 200;

/** The errors of all excerpts, the most frequent first: of many failures, the causes are few. Numbers and names of runs differ. */
export function describeCauses(excerpts) {
  const counts = new Map();
  for (const line of excerpts) {
    const said = line.match(/^\s*(?:error|\w*Error): (.+)$/)?.[1];
    if (said === undefined) continue;
    const cause = said.replace(/\d+/g, "N").slice(0, CAUSE_LENGTH);
    counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  const ordered = [...counts].sort(([, a], [, b]) => b - a).slice(0, CAUSES);
  return ordered.map(([cause, count]) => `${String(count).padStart(5)} times: ${cause}`);
}

const ENTITIES = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&", "#10": " " };

/** The tests that took longest, slowest first, a line each. */
export function describeSlowest(tests, count) {
  return [...tests]
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ seconds, file, name }) => `${seconds.toFixed(1).padStart(6)} s  ${file}: ${name}`);
}
