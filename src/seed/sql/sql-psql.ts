/** Runs SQL seed files by psql, which knows the rows of COPY and its own commands. */
import { failure, type PgroveError } from "../../errors.ts";
import { runPsql } from "../../sql/psql.ts";
import { endStatement } from "../../sql/psql-commands.ts";
import { countLineBreaks } from "../../sql/source-place.ts";
import { describeMissing, recordFile } from "../seed-ledger.ts";
import { restoration, type ShapedFile, type SqlSeedSession } from "./sql-session.ts";

const STDIN = /^psql:<stdin>:(\d+): /;

/** A line of what psql reads, and the file that begins there. */
interface Part {
  line: number;
  file: string;
}

/** Runs the files and writes them into the ledger; in a transaction it is made there, too, else it must be there. */
export async function runFilesByPsql(
  session: SqlSeedSession,
  shaped: readonly ShapedFile[],
  { transaction }: { transaction: boolean },
): Promise<void> {
  const parts: Part[] = [];
  let text = transaction ? `begin; ${await describeMissing(session.sql, session.ledger)}\n` : "\n";
  for (const { file, shape } of shaped) {
    parts.push({ line: countLineBreaks(text) + 1, file: file.file });
    const record = recordFile(session.ledger, { ...file, ...session.facts });
    text += `${endStatement(shape.sql)}\n${restoration(session)}${record};\n`;
  }
  session.begun(shaped.map(({ file }) => file.file).join(", "));
  await runPsql(session.psql, {
    name: parts.at(-1)?.file ?? "the file",
    source: `${text}${transaction ? "commit;\n" : ""}`,
    args: ["-q"],
    sealed: true,
    phrase: (line) => placeLine(line, parts),
    explain: seedFailed,
  });
}

function seedFailed(said: readonly string[], cause?: unknown): PgroveError {
  return failure("seed_failed", said.join("\n"), "mend the file, then run the same command again", cause);
}

/** psql's line number as the file's. */
function placeLine(line: string, parts: readonly Part[]): string {
  return line.replace(STDIN, (_, number: string) => {
    const part = parts.findLast(({ line: first }) => first <= Number(number)) ?? parts[0];
    return part === undefined ? "" : `${part.file}:${Number(number) - part.line + 1}: `;
  });
}
