/** What checks have found, as an answer: one line each with its place; under GitHub Actions as annotations, too. */
import type { FindingDocument } from "../answers/migrations.ts";
import { EXIT } from "../errors.ts";
import type { Finding } from "../migrate/migration.ts";
import { visible, visibleOnOneLine } from "../sys/visible-text.ts";
import type { Context } from "./context.ts";
import { plural } from "./format.ts";
import type { Paint } from "./terminal.ts";

export interface FindingsAnswer {
  /** What was looked at, for people: "12 migrations". */
  checked: string;
  /** Further keys of the JSON document. */
  document?: Readonly<Record<string, unknown>>;
  /** Lines of the text that stand behind the findings: what else was checked, or was not. */
  lines?: readonly string[];
}

/** Answers with the findings. Resolves with the exit code: 6 when there are any, else 0. */
export async function reportFindings(
  { output, environment }: Pick<Context, "output" | "environment">,
  findings: readonly Finding[],
  { checked, document = {}, lines = [] }: FindingsAnswer,
): Promise<number> {
  const annotate = environment.GITHUB_ACTIONS === "true";
  await output.answer({ findings: findings.map(toDocument), ...document }, () =>
    [
      ...findings.map((finding) => renderFinding(finding, output.paint)),
      ...lines,
      countFindings(findings, checked),
      ...(annotate ? findings.map(formatAnnotation) : []),
    ].join("\n"),
  );
  return findings.length === 0 ? EXIT.ok : EXIT.problems;
}

function toDocument({ rule, level, file, line, column, message, hint }: Finding): FindingDocument {
  return { rule, level, file, line, column, message, hint: hint ?? null };
}

/** "migrations/7_users.up.sql:3:1: error: what is wrong [rule]"; further lines and the hint stand below, indented. */
export function renderFinding({ rule, level, file, line, column, message, hint }: Finding, paint: Paint): string {
  const place = paint("bold", `${visibleOnOneLine(file)}:${line}:${column}`);
  const word = paint(level === "error" ? "red" : "yellow", `${level}:`);
  const [first = "", ...more] = visible(message).split("\n");
  const below = [...more, ...(hint === undefined ? [] : `hint: ${visible(hint)}`.split("\n"))];
  return [`${place}: ${word} ${first} ${paint("dim", `[${rule}]`)}`, ...below.map((text) => `  ${text}`)].join("\n");
}

function countFindings(findings: readonly Finding[], checked: string): string {
  if (findings.length === 0) return `${checked}: nothing found`;
  const count = (level: Finding["level"]) => findings.filter((each) => each.level === level).length;
  const parts = [
    [count("error"), "error"],
    [count("warning"), "warning"],
  ] as const;
  const said = parts.flatMap(([number, word]) => (number === 0 ? [] : [plural(number, word)]));
  return `${checked}: ${said.join(", ")}`;
}

/**
 * A workflow command of GitHub Actions, which shows the finding beside the line of the pull request.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export function formatAnnotation({ rule, level, file, line, column, message, hint }: Finding): string {
  const properties = [
    ["file", file],
    ["line", String(line)],
    ["col", String(column)],
    ["title", rule],
  ] as const;
  const said = properties.map(([name, value]) => `${name}=${escapeProperty(value)}`).join(",");
  return `::${level} ${said}::${escapeText(hint === undefined ? message : `${message}\n${hint}`)}`;
}

function escapeText(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeText(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
