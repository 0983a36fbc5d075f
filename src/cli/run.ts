/** From the command line to a command and back to an exit code. */
import { isatty } from "node:tty";
import { wantsDebug } from "../config/env-vars.ts";
import { EXIT, PgroveError, usageError } from "../errors.ts";
import { type Args, findCommandWord, parseCommand, scanCommonFlags } from "./args.ts";
import type { CommandDefinition } from "./command.ts";
import { createContext } from "./context.ts";
import { describeFailure, renderFailure, renderFailureJson } from "./failure.ts";
import { readFlags } from "./flags.ts";
import { renderCommandHelp, renderGroupHelp, renderOverview } from "./help.ts";
import { createOutput, type Output, OutputClosed } from "./output.ts";
import { type CommandEntry, type CommandGroup, requireCommand, requireSubcommand } from "./root.ts";
import { createPaint, wantsColor } from "./terminal.ts";

type Given = ReadonlySet<string>;

/** Runs what the words ask for. Never throws: resolves with the exit code, when everything is written. */
export async function runCli(argv: readonly string[], version: string): Promise<number> {
  let given = scanCommonFlags(argv);
  let output = createOutputFor(given);
  try {
    const chosen = chooseCommand(argv);
    if (chosen.entry === undefined) {
      if (given.has("version")) await tellVersion(version, output);
      else await output.write(`${await renderHelp(chosen.help, output)}\n`);
      return EXIT.ok;
    }
    const { command } = await chosen.entry.load();
    // Read again, now that it is known which options take a value: the `q` of `-oquery.dump` is not --quiet.
    given = scanCommonFlags(chosen.rest, command.options);
    output = createOutputFor(given);
    const code = await runCommand({ ...chosen, command }, argv, version, given, output);
    await output.flush();
    return code;
  } catch (error) {
    return await tellFailure(error, given, output);
  }
}

function createOutputFor(given: Given): Output {
  const paint = createPaint(wantsColor(isatty(1), process.env, { color: !given.has("no-color") }));
  const [json, quiet] = [given.has("json"), given.has("quiet")];
  const verbose = given.has("verbose") || wantsDebug(process.env);
  return createOutput({ json, quiet, verbose, paint });
}

async function tellVersion(version: string, output: Output): Promise<void> {
  await output.answer({ pgrove_version: version }, () => version);
}

async function tellFailure(error: unknown, given: Given, output: Output): Promise<number> {
  if (error instanceof OutputClosed) return error.exit;
  const failure = describeFailure(error, given.has("verbose"));
  const paint = createPaint(wantsColor(isatty(2), process.env, { color: !given.has("no-color") }));
  await output.complain(output.json ? renderFailureJson(failure) : renderFailure(failure, paint));
  await output.flush();
  return failure.exit;
}

/** A command to run, or what to show help about. */
type Chosen =
  | { entry: CommandEntry; name: string; rest: readonly string[] }
  | { entry?: undefined; help: readonly string[] };

function chooseCommand(argv: readonly string[]): Chosen {
  const first = takeWord(argv);
  if (first === undefined) return { help: [] };
  if (first.word === "help") return { help: first.rest };
  const found = requireCommand(first.word);
  if (!("commands" in found)) return { entry: found, name: found.name, rest: first.rest };
  const second = takeWord(first.rest);
  if (second !== undefined) {
    const entry = requireSubcommand(found, second.word);
    return { entry, name: `${found.name} ${entry.name}`, rest: second.rest };
  }
  if (scanCommonFlags(argv).has("help")) return { help: [found.name] };
  throw usageError(`pgrove ${found.name} needs one of: ${namesOf(found)}`, `pgrove ${found.name} --help`);
}

async function renderHelp(words: readonly string[], output: Output): Promise<string> {
  const first = takeWord(words);
  if (first === undefined) return renderOverview(output.paint);
  const found = requireCommand(first.word);
  const second = takeWord(first.rest);
  if ("commands" in found && second === undefined) return renderGroupHelp(found, output.paint);
  const entry = "commands" in found ? requireSubcommand(found, second?.word ?? "") : found;
  const name = "commands" in found ? `${found.name} ${entry.name}` : entry.name;
  const { command } = await entry.load();
  return renderCommandHelp(name, entry.summary, command, output.paint);
}

interface Loaded {
  name: string;
  entry: CommandEntry;
  command: CommandDefinition;
  rest: readonly string[];
}

async function runCommand(
  { name, entry, command, rest }: Loaded,
  argv: readonly string[],
  version: string,
  given: Given,
  output: Output,
): Promise<number> {
  if (given.has("help")) {
    await output.write(`${renderCommandHelp(name, entry.summary, command, output.paint)}\n`);
    return EXIT.ok;
  }
  if (given.has("version")) {
    await tellVersion(version, output);
    return EXIT.ok;
  }
  const args = parseArguments(name, rest, command);
  const context = createContext({ argv, flags: readFlags(args), output });
  try {
    return (await command.run(context, args)) ?? EXIT.ok;
  } catch (error) {
    throw context.interrupted() ?? error; // whatever failed after Ctrl-C failed because of it
  }
}

function parseArguments(name: string, rest: readonly string[], command: CommandDefinition): Args {
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

function namesOf({ commands }: CommandGroup): string {
  return commands.map(({ name }) => name).join(", ");
}
