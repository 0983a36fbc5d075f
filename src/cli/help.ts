/** The help texts, from the commands' own declarations. */
import type { CommandDefinition } from "./command.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { wrapText } from "./format.ts";
import type { OptionSpec, PositionalSpec } from "./grammar.ts";
import { CHAPTERS, type CommandGroup } from "./root.ts";
import { formatTable } from "./table.ts";
import type { Paint } from "./terminal.ts";

const HELP_COLUMNS = 100;

/** What `pgrove` and `pgrove --help` say. Imports no command. */
export function renderOverview(paint: Paint): string {
  const width = Math.max(...CHAPTERS.flatMap(({ entries }) => entries.map(({ name }) => name.length)));
  const chapters = CHAPTERS.map(({ title, entries }) => {
    const lines = entries.map(({ name, summary }) => `  ${paint("cyan", name.padEnd(width))}  ${summary}`);
    return [paint("bold", title), ...lines].join("\n");
  });
  return [
    "pgrove looks after the PostgreSQL database of a git repository: dumps, restores, copies.",
    "usage: pgrove <command> [arguments] [options]",
    ...chapters,
    [paint("bold", "Options for every command"), renderOptions(COMMON_OPTIONS, paint)].join("\n"),
    [
      "TARGET is main, @environment or a postgres:// URL; left out, it is main.",
      "pgrove help <command> says more about a command.",
    ].join("\n"),
  ].join("\n\n");
}

/** What `pgrove dumps --help` says. */
export function renderGroupHelp(group: CommandGroup, paint: Paint): string {
  const rows = group.commands.map(({ name, summary }) => [paint("cyan", name), summary]);
  return [
    `pgrove ${group.name}: ${group.summary}`,
    `usage: pgrove ${group.name} <command> [arguments] [options]`,
    formatTable(rows, { indent: "  " }),
    `pgrove help ${group.name} <command> says more.`,
  ].join("\n\n");
}

/** What `pgrove dump --help` says. `name` is the whole name, such as "dumps list". */
export function renderCommandHelp(name: string, summary: string, command: CommandDefinition, paint: Paint): string {
  const parts = [`pgrove ${name}: ${summary}`, `usage: ${usageLine(name, command)}`];
  if (command.details !== undefined) parts.push(wrapText(command.details, HELP_COLUMNS));
  if (command.positionals.length > 0) {
    const rows = command.positionals.map((spec) => [paint("cyan", spec.name), spec.about]);
    parts.push([paint("bold", "Arguments"), formatTable(rows, { indent: "  " })].join("\n"));
  }
  if (command.options.length > 0) {
    parts.push([paint("bold", "Options"), renderOptions(command.options, paint)].join("\n"));
  }
  parts.push([paint("bold", "Options for every command"), renderOptions(COMMON_OPTIONS, paint)].join("\n"));
  if (command.examples.length > 0) {
    const rows = command.examples.map(({ line, about }) => [line, paint("dim", about)]);
    parts.push([paint("bold", "Examples"), formatTable(rows, { indent: "  " })].join("\n"));
  }
  return parts.join("\n\n");
}

function usageLine(name: string, { positionals, options, after }: CommandDefinition): string {
  const words = ["pgrove", name, ...positionals.map(shownPositional)];
  if (options.length > 0) words.push("[options]");
  if (after !== undefined) words.push(`[-- ${after}]`);
  return words.join(" ");
}

function shownPositional({ name, required, rest }: PositionalSpec): string {
  const shown = rest ? `${name}…` : name;
  return required ? `<${shown}>` : `[${shown}]`;
}

function renderOptions(options: readonly OptionSpec[], paint: Paint): string {
  const rows = options.map((option) => {
    const short = option.short === undefined ? "   " : `-${option.short},`;
    return [`${short} ${paint("cyan", `--${option.name}`)}${shownValue(option)}`, aboutOption(option)];
  });
  return formatTable(rows, { indent: "  " });
}

function shownValue({ value, optionalValue }: OptionSpec): string {
  if (value === undefined) return "";
  return optionalValue ? ` [${value}]` : ` ${value}`;
}

function aboutOption({ about, choices, repeatable }: OptionSpec): string {
  const more = [choices?.join(", "), repeatable ? "may be repeated" : undefined].filter((part) => part !== undefined);
  return more.length === 0 ? about : `${about} (${more.join("; ")})`;
}
