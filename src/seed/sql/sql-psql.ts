/** Runs SQL seed files by psql, which knows the rows of COPY and its own commands. */
import { failure, type PgroveError } from "../../errors.ts";
import { endStatement } from "../../sql/psql-commands.ts";
import { PsqlWords } from "../../sql/psql-words.ts";
import { countLineBreaks } from "../../sql/source-place.ts";
import { describeMissing, recordFile } from "../ledger.ts";
import { type PsqlAccess, restoration, type ShapedFile, type SqlSeedSession } from "./sql-session.ts";

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
  const proof = `pgrove-${crypto.randomUUID()}`;
  const parts: Part[] = [];
  let text = transaction ? `begin; ${await describeMissing(session.sql, session.ledger)}\n` : "\n";
  for (const { file, shape } of shaped) {
    parts.push({ line: countLineBreaks(text) + 1, file: file.file });
    const record = recordFile(session.ledger, { ...file, ...session.facts });
    text += `${endStatement(shape.sql)}\n${restoration(session.schema)}${record};\n`;
  }
  session.begun(shaped.map(({ file }) => file.file).join(", "));
  // Its last word is one that only we know: a file that swallows its end, as an open quote does, proves nothing.
  await send(session.psql, `${text}${transaction ? "commit;\n" : ""}\\echo ${proof}\n`, parts, proof);
}

async function send({ runner, abort, command }: PsqlAccess, text: string, parts: Part[], proof: string): Promise<void> {
  const words = new PsqlWords(
    () => undefined,
    (line) => placeLine(line, parts),
  );
  let output = "";
  const decoder = new TextDecoder();
  const io = {
    input: bytesOf(text),
    output: (chunk: Uint8Array) => {
      output = (output + decoder.decode(chunk, { stream: true })).slice(-1000);
    },
    line: words.line,
  };
  try {
    await runner.stream(command(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-"]), io, abort);
  } catch (error) {
    const said = words.failure(error);
    throw said === undefined ? error : seedFailed(said, error);
  }
  if (output.includes(proof)) return;
  const file = parts.at(-1)?.file ?? "the file";
  throw seedFailed([`${file}: its end was never reached: rows of COPY without \\. behind them, or an open quote`]);
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

async function* bytesOf(text: string): AsyncIterable<Uint8Array> {
  yield new TextEncoder().encode(text);
}
