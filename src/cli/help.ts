/** The help texts, from the commands' own declarations. */
import { type Chapter, type Command, type CommandGroup, listCommands } from "./command-tree.ts";
import { COMMON_OPTIONS } from "./common-options.ts";
import { wrapText } from "./format.ts";
import { mayLackValue, type Option, optionsOf, takesValue, type Word, wordsOf } from "./grammar.ts";
import { formatTable } from "./table.ts";
import type { Paint } from "./terminal.ts";

const HELP_COLUMNS = 100;

/** What the README's table of targets says. */
const TARGET_HELP = [
  "TARGET is main, a worktree's name or branch, @environment or a postgres:// URL, as a word or as -t TARGET; left out,",
  "it is the worktree that you stand in (with -C, that of the folder; of a bare repository main); with --env-file the",
  "file's database, and without a pgrove.yaml that of DATABASE_URL, DATABASE_HOST … or PGHOST … in the environment.",
].join("\n");

/** What `pgrove` and `pgrove --help` say. Imports no command. */
export function renderOverview(root: CommandGroup, chapters: readonly Chapter[], paint: Paint): string {
  const width = Math.max(...listCommands(root).map(({ name }) => name.length));
  const parts = chapters.map(({ title, commands }) => {
    const rows = Object.entries(commands);
    const lines = rows.map(([name, { meta }]) => `  ${paint("cyan", name.padEnd(width))}  ${meta.description}`);
    return [paint("bold", title), ...lines].join("\n");
  });
  return [
    `pgrove ${root.meta.description}.`,
    "usage: pgrove <command> [arguments] [options]",
    ...parts,
    [paint("bold", "Options for every command"), renderOptions(COMMON_OPTIONS, paint)].join("\n"),
    [TARGET_HELP, "pgrove help <command> says more about a command."].join("\n"),
  ].join("\n\n");
}

/** What `pgrove dumps --help` says. */
export function renderGroupHelp(name: string, group: CommandGroup, paint: Paint): string {
  const rows = listCommands(group).map(({ name, entry }) => [paint("cyan", name), entry.meta.description]);
  return [
    `pgrove ${name}: ${group.meta.description}`,
    `usage: pgrove ${name} <command> [arguments] [options]`,
    formatTable(rows, { indent: "  " }),
    `pgrove help ${name} <command> says more.`,
  ].join("\n\n");
}

/** What `pgrove dump --help` says. `name` is the whole name, such as "dumps list". */
export function renderCommandHelp(name: string, command: Command, paint: Paint): string {
  const { description, details, examples } = command.meta;
  const [words, options] = [wordsOf(command.args), optionsOf(command.args)];
  const parts = [`pgrove ${name}: ${description}`, `usage: ${usageLine(name, command)}`];
  if (details !== undefined) parts.push(wrapText(details, HELP_COLUMNS));
  if (words.length > 0) {
    const rows = words.map((word) => [paint("cyan", word.name), word.spec.description]);
    parts.push([paint("bold", "Arguments"), formatTable(rows, { indent: "  " })].join("\n"));
  }
  if (options.length > 0) parts.push([paint("bold", "Options"), renderOptions(options, paint)].join("\n"));
  parts.push([paint("bold", "Options for every command"), renderOptions(COMMON_OPTIONS, paint)].join("\n"));
  if (examples.length > 0) {
    const rows = examples.map(({ line, about }) => [line, paint("dim", about)]);
    parts.push([paint("bold", "Examples"), formatTable(rows, { indent: "  " })].join("\n"));
  }
  return parts.join("\n\n");
}

function usageLine(name: string, { args, after }: Command): string {
  const words = ["pgrove", name, ...wordsOf(args).map(shownWord)];
  if (optionsOf(args).length > 0) words.push("[options]");
  if (after !== undefined) words.push(`[-- ${after}]`);
  return words.join(" ");
}

function shownWord({ name, spec: { required, rest } }: Word): string {
  const shown = rest ? `${name}…` : name;
  return required === false ? `[${shown}]` : `<${shown}>`;
}

function renderOptions(options: readonly Option[], paint: Paint): string {
  const rows = options.map((option) => {
    const short = option.short === undefined ? "   " : `-${option.short},`;
    return [`${short} ${paint("cyan", `--${option.name}`)}${shownValue(option)}`, aboutOption(option)];
  });
  return formatTable(rows, { indent: "  " });
}

function shownValue({ spec }: Option): string {
  if (!takesValue(spec)) return "";
  return mayLackValue(spec) ? ` [${spec.valueHint}]` : ` ${spec.valueHint}`;
}

function aboutOption({ about, spec }: Option): string {
  const choices = spec.type === "enum" ? spec.options.join(", ") : undefined;
  const repeated = spec.type === "string" && spec.repeatable ? "may be repeated" : undefined;
  const more = [choices, repeated].filter((part) => part !== undefined);
  return more.length === 0 ? about : `${about} (${more.join("; ")})`;
}
