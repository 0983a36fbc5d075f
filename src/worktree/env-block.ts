/** The lines of an env file that say where a worktree's database and ports are. Nothing else in the file is changed. */
import { dirname } from "node:path";
import { parseEnv } from "../config/env-file.ts";
import { formatVariable } from "../resolve/env-lines.ts";
import { exchangeBlock, findBlock, formatBlock, lineBreakOf } from "./marked-block.ts";
import { ownNewFile, readForeignFile, writeForeignFile } from "./users-file.ts";

const ABOUT = "these lines are written anew by `pgrove provision`; yours stand outside them";

export interface EnvBlockResult {
  change: "created" | "changed" | "unchanged";
  /** Variables of ours that a later line outside the block sets to something else: the last one wins. */
  overridden: string[];
}

/**
 * Gives a file the block with these variables, by these lines where they are more than the variables alone; what is the same already is not written. Links are followed as long as
 * they stay below `root`, by default the file's folder. Throws for a broken block, with its line (exit 3), for a value
 * that no env file can hold (exit 3), and for a link that leads away (exit 5).
 */
export async function writeEnvBlock(
  file: string,
  variables: Readonly<Record<string, string>>,
  root = dirname(file),
  lines: readonly string[] = Object.entries(variables).map(([name, value]) => formatVariable(name, value)),
): Promise<EnvBlockResult> {
  const found = await readForeignFile(file, root);
  const text = replaceBlock(found?.text ?? "", lines, file);
  const overridden = findOverridden(text, variables);
  if (text === found?.text) return { change: "unchanged", overridden };
  await writeForeignFile(found?.path ?? file, text, found ?? ownNewFile(0o600));
  return { change: found === undefined ? "created" : "changed", overridden };
}

/** The variables of the block in an env file's text; undefined without one. Throws (exit 3) for a broken block. */
export function readEnvBlock(text: string, file = "the env file"): Record<string, string> | undefined {
  const block = findBlock(text, file);
  return block === undefined ? undefined : parseEnv(block.lines.join("\n"));
}

/** The text with these lines in its block. A new block stands last, where dotenv and shells let it win. */
export function replaceBlock(text: string, lines: readonly string[], file = "the env file"): string {
  const lineBreak = lineBreakOf(text);
  const block = formatBlock(ABOUT, lines, lineBreak);
  const found = findBlock(text, file);
  if (found !== undefined) return exchangeBlock(text, found, block);
  if (text === "" || text.endsWith("\n")) return text + block + lineBreak;
  return text + lineBreak + block;
}

function findOverridden(text: string, variables: Readonly<Record<string, string>>): string[] {
  const read = parseEnv(text);
  return Object.entries(variables).flatMap(([name, value]) => (read[name] === value ? [] : [name]));
}
