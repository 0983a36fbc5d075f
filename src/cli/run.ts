/** From the command line to a command and back to an exit code. */

import { mistakenLog, wantsDebug, wantsJsonLog } from "../config/env-vars.ts";
import { EXIT, PgroveError, usageError } from "../errors.ts";
import { dropStaleMark } from "../sys/hook-mark.ts";
import { isTerminal } from "../sys/is-terminal.ts";
import {
  type Command,
  type CommandGroup,
  findCommand,
  isGroup,
  type LazyCommand,
  listCommands,
  type Named,
  requireCommand,
} from "./command-tree.ts";
import { createContext } from "./context.ts";
import { describeFailure, failureDocument, renderFailure, renderFailureJson } from "./failure.ts";
import { optionsOf } from "./grammar.ts";
import { createOutput, type Output, OutputClosed } from "./output.ts";
import { findCommandWord, type Parsed, parseCommand, scanCommonFlags } from "./parse.ts";
import { CHAPTERS, root } from "./root.ts";
import { createPaint, type Paint, wantsColor } from "./terminal.ts";

type CommonFlags = ReadonlySet<string>;

/** Runs what the words ask for. Never throws: resolves with the exit code, when everything is written. */
export async function runCli(argv: readonly string[], version: string): Promise<number> {
  let given = scanCommonFlags(argv);
  let output = createOutputFor(given);
  try {
    const chosen = chooseCommand(argv);
    if (chosen.load === undefined) {
      if (given.has("version")) await tellVersion(version, output);
      else await output.write(`${await renderHelp(chosen.help, output)}\n`);
      return EXIT.ok;
    }
    const command = await chosen.load();
    // Read again, now that it is known which options take a value: the `q` of `-oquery.dump` is not --quiet.
    given = scanCommonFlags(chosen.rest, optionsOf(command.args));
    output = createOutputFor(given);
    const code = await runChosen({ ...chosen, command }, argv, version, given, output);
    if (code === EXIT.ok) await output.flush();
    else await output.flush().catch(() => undefined); // its verdict says more than that it was not heard
    return code;
  } catch (error) {
    return await tellFailure(error, given, output);
  }
}

function createOutputFor(given: CommonFlags): Output {
  const paint = createPaint(wantsColor(isTerminal(1), process.env, { color: !given.has("no-color") }));
  const [json, quiet] = [given.has("json"), given.has("quiet")];
  const verbose = given.has("verbose") || wantsDebug(process.env);
  return createOutput({ json, quiet, verbose, paint, terminal: isTerminal(1), log: wantsJsonLog(process.env) });
}

async function tellVersion(version: string, output: Output): Promise<void> {
  await output.answer({ pgrove_version: version }, () => version);
}

async function tellFailure(error: unknown, given: CommonFlags, output: Output): Promise<number> {
  if (error instanceof OutputClosed) return error.exit;
  const failure = describeFailure(error, given.has("verbose"));
  if (wantsJsonLog(process.env)) await output.complain(failure.message, failureDocument(failure));
  else await output.complain(output.json ? renderFailureJson(failure) : renderFailure(failure, paintFor(given)));
  await output.flush().catch(() => undefined);
  return failure.exit;
}

function paintFor(given: CommonFlags): Paint {
  return createPaint(wantsColor(isTerminal(2), process.env, { color: !given.has("no-color") }));
}

/** A command to run, or what to show help about. */
type Chosen =
  | { load: LazyCommand; name: string; rest: readonly string[] }
  | { load?: undefined; help: readonly string[] };

function chooseCommand(argv: readonly string[]): Chosen {
  const first = takeWord(argv);
  if (first === undefined) return { help: [] };
  if (first.word === "help") return { help: first.rest };
  return chooseWithin(requireCommand(root, first.word, "pgrove"), first.rest, argv);
}

/** The command that the rest of the words leads to. */
function chooseWithin({ name, entry }: Named, rest: readonly string[], argv: readonly string[]): Chosen {
  if (!isGroup(entry)) return { load: entry, name, rest };
  const next = takeSubcommand(name, entry, rest);
  if (next !== undefined) return chooseWithin(next.named, next.rest, argv);
  if (entry.own !== undefined) return { load: entry.own, name, rest };
  if (scanCommonFlags(argv).has("help")) return { help: name.split(" ") };
  const names = listCommands(entry).map((each) => each.name);
  throw usageError(`pgrove ${name} needs one of: ${names.join(", ")}`, `pgrove ${name} --help`);
}

/** The subcommand by its whole name, such as "dumps list", and what follows it; of a group that is a command, too, only one that is named. */
function takeSubcommand(prefix: string, group: CommandGroup, words: readonly string[]) {
  if (group.own !== undefined && findCommand(group, words[0] ?? "") === undefined) return undefined;
  const taken = takeWord(words);
  if (taken === undefined) return undefined;
  const { name, entry } = requireCommand(group, taken.word, `pgrove ${prefix}`);
  return { named: { name: `${prefix} ${name}`, entry }, rest: taken.rest };
}

async function renderHelp(words: readonly string[], output: Output): Promise<string> {
  const { renderCommandHelp, renderGroupHelp, renderOverview } = await import("./help.ts");
  const first = takeWord(words);
  if (first === undefined) return renderOverview(root, CHAPTERS, output.paint);
  let found = { named: requireCommand(root, first.word, "pgrove"), rest: first.rest };
  while (isGroup(found.named.entry)) {
    const next = takeSubcommand(found.named.name, found.named.entry, found.rest);
    if (next === undefined) break;
    found = next;
  }
  const { name, entry } = found.named;
  if (!isGroup(entry)) return renderCommandHelp(name, await entry(), output.paint);
  if (entry.own === undefined) return renderGroupHelp(name, entry, output.paint);
  return [renderCommandHelp(name, await entry.own(), output.paint), renderGroupHelp(name, entry, output.paint)].join(
    "\n\n",
  );
}

interface Loaded {
  name: string;
  command: Command;
  rest: readonly string[];
}

async function runChosen(
  { name, command, rest }: Loaded,
  argv: readonly string[],
  version: string,
  given: CommonFlags,
  output: Output,
): Promise<number> {
  if (given.has("help")) {
    const { renderCommandHelp } = await import("./help.ts");
    await output.write(`${renderCommandHelp(name, command, output.paint)}\n`);
    return EXIT.ok;
  }
  if (given.has("version")) {
    await tellVersion(version, output);
    return EXIT.ok;
  }
  const { args, flags, words } = parseArguments(name, rest, command);
  const { preventCoreDumps } = await import("../sys/core-dumps.ts");
  preventCoreDumps(); // before a password is read
  await dropStaleMark(process.env, isTerminal(0));
  const mistake = mistakenLog(process.env);
  if (mistake !== undefined) output.warn(mistake);
  const context = createContext({ version, argv, flags, output });
  const { runCommand } = await import("./command.ts");
  try {
    return await runCommand(command, words, { args, context, root });
  } catch (error) {
    throw context.interrupted() ?? error; // whatever failed after Ctrl-C failed because of it
  } finally {
    if (context.interrupted() !== undefined) await (await import("../sys/child-run.ts")).endGroups();
  }
}

function parseArguments(name: string, rest: readonly string[], command: Command): Parsed {
  try {
    return parseCommand(rest, command);
  } catch (error) {
    if (!(error instanceof PgroveError) || error.hint !== undefined) throw error;
    throw usageError(error.message, `pgrove ${name} --help`);
  }
}

function takeWord(argv: readonly string[]): { word: string; rest: readonly string[] } | undefined {
  const place = findCommandWord(argv);
  const word = place === undefined ? undefined : argv[place];
  return place === undefined || word === undefined ? undefined : { word, rest: argv.toSpliced(place, 1) };
}
