/** Env files that are written whole: a pattern of the repository's, such as `.env.template`, with `{url}` and its kin in it. */
import { parseEnv } from "./env-file.ts";
import { escapeTemplate, placeholdersOf } from "./text-template.ts";

/** The variables of a template as texts for `env.set`: what has no placeholder in it is meant as it stands. */
export function variablesOfTemplate(text: string): Record<string, string> {
  const variables = Object.entries(parseEnv(text));
  return Object.fromEntries(
    variables.map(([name, value]) => [name, placeholdersOf(value).length === 0 ? escapeTemplate(value) : value]),
  );
}

const ASSIGNMENT = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=/;

/** What becomes of the template's lines: those without a placeholder stay as they are, comments among them. */
export interface TemplateLines {
  /** The line for a variable that has been put together; undefined where it cannot be. */
  variable(name: string): string | undefined;
  /** Any other line with a placeholder: of a text over several lines. */
  text(line: string): string | undefined;
}

/** The template's lines, rendered. What is undefined is left out. */
export function renderLines(text: string, lines: TemplateLines): string[] {
  return text
    .replace(/^\uFEFF/, "")
    .trimEnd()
    .split(/\r?\n/)
    .flatMap((line) => {
      if (/^[ \t]*#/.test(line) || placeholdersOf(line).length === 0) return [line];
      const name = ASSIGNMENT.exec(line)?.[1];
      // The beginning of a value over several lines is no whole one by itself.
      const isWhole = name !== undefined && parseEnv(line)[name] !== undefined;
      return (isWhole ? lines.variable(name) : lines.text(line)) ?? [];
    });
}
