/**
 * The proof that psql ran a script to its end. Its exit code tells less: a script that ends within the rows of a COPY is a
 * success for it, and one that it gives up early (psql 17 and 18 do so at an empty statement behind such rows). So it is
 * fed a last line of our own, by which it says a word on stderr that nobody else knows.
 */
import { randomBytes } from "node:crypto";
import { IMPOSSIBLE_ROW } from "../postgres/psql-input.ts";
import { CutOut } from "./cut-out.ts";
import { SqlLexer } from "./lexer.ts";
import { leavesRestricted } from "./psql-commands.ts";
import { sealScript } from "./seal.ts";
import { countLineBreaks } from "./source-place.ts";

/** A script that was read before. */
export interface CheckedScript {
  /** psql is told to obey no command in it. Its version has to know how. */
  sealed: boolean;
  /** What it ends in; left out, it is known to end where psql reads commands. */
  end?: ScriptEnd;
}

/** The place that psql gives in a message. */
const PLACE = /^psql:<stdin>:(\d+):/;

export class EndProof {
  /** What psql is started with, behind what it is to do first and before the script. */
  readonly args: readonly string[];
  /** Takes our words out of psql's stdout: a script may have told psql to echo what it reads. */
  readonly echoed = new CutOut();
  private readonly nonce = `pgrove-end-${randomBytes(16).toString("hex")}`;
  /** By which psql obeys commands again. */
  private readonly key: string | undefined;
  private lineOf = (line: number) => line;
  private readonly reader: ScriptReader | undefined;
  private end: ScriptEnd;
  private lines = Number.POSITIVE_INFINITY;
  private isSaid = false;

  constructor(checked?: CheckedScript) {
    // A key of the script's own would be known to whoever wrote it.
    this.key = checked?.sealed === true ? randomBytes(16).toString("hex") : undefined;
    this.args = this.key === undefined ? [] : ["-c", `\\restrict ${this.key}`];
    this.reader = checked === undefined ? new ScriptReader() : undefined;
    this.end = checked?.end ?? "commands";
  }

  /** The text, sealed with the key. What psql says of it has the text's own lines. */
  seal(text: string): string {
    if (this.key === undefined) return text;
    const { sql, lineOf } = sealScript(text, this.key);
    this.lineOf = lineOf;
    this.lines = lineOf(countLineBreaks(sql) + 1);
    return sql;
  }

  /** The script, and behind it what is said to psql there. */
  async *follow(script: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of script) {
      this.reader?.add(piece);
      yield piece;
    }
    this.end = this.reader?.finish() ?? this.end;
    this.lines = this.reader?.lines ?? this.lines;
    const words = wordsBehind(this.end, this.nonce);
    if (words === "") return;
    this.echoed.expect(words);
    const unseal = this.key === undefined ? "" : `\\unrestrict ${this.key}\n`;
    yield new TextEncoder().encode(`${this.reader?.endsLine === true ? "" : "\n"}${unseal}${words}`);
  }

  /** psql has come to the script's end, or to where the script itself ends psql. */
  get isGiven(): boolean {
    return this.isSaid || this.reader?.quits === true;
  }

  /** Takes the word out of a line of psql's stderr, and puts what it says of our own lines to the script's last one. */
  readonly sift = (line: string): string | undefined => {
    if (!line.endsWith(this.nonce)) {
      return line.replace(PLACE, (_, at: string) => `psql:<stdin>:${Math.min(this.lineOf(Number(at)), this.lines)}:`);
    }
    this.isSaid = true;
    return line === this.nonce ? undefined : line.slice(0, -this.nonce.length); // behind a `\warn -n`
  };

  /** Whether psql failed by our own words, since it did not read them as commands. */
  isMissedIn(said: readonly string[]): boolean {
    return said.some((line) => line.includes(this.nonce));
  }

  /** Why the script's end was never reached. */
  get whyMissed(): string {
    return WHY_MISSED[this.end];
  }
}

/**
 * commands: psql reads SQL and commands there. rows: it may be within the rows of a COPY. quoted: something quoted, or a
 * comment, is open. restricted: psql obeys no commands there.
 */
export type ScriptEnd = "commands" | "rows" | "quoted" | "restricted";

const WHY_MISSED: Readonly<Record<ScriptEnd, string>> = {
  commands: "psql went no further, as it does at an empty statement behind the rows of a COPY",
  rows: "rows of COPY without \\. behind them",
  quoted: "an open quote or comment",
  restricted: "\\restrict without \\unrestrict behind it",
};

/** Behind these rows may follow, or SQL, which the lexer does not see as such. */
const LEADS_ON = /^\\(?:copy\b.*\bp?std(?:in|out)\b|gx?\b)|^\\.*\\/i;
const QUITS = /^\\q(?:uit)?(?:\s|$)/;
const NEWLINE = 10;

/** Reads a script on its way to psql. */
export class ScriptReader {
  /** It holds psql's own command to end. */
  quits = false;
  endsLine = true;
  private breaks = 0;
  private isUnsure = false;
  private isRestricted = false;
  private readonly lexer = new SqlLexer({
    statement: () => undefined,
    comment: () => undefined,
    command: (line) => {
      this.quits ||= QUITS.test(line);
      this.isUnsure ||= LEADS_ON.test(line);
      this.isRestricted = leavesRestricted(line) ?? this.isRestricted;
    },
    unclear: () => {
      this.isUnsure = true;
    },
  });

  add(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.endsLine = chunk.at(-1) === NEWLINE;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) this.breaks++;
    this.lexer.add(chunk);
  }

  get lines(): number {
    return Math.max(1, this.breaks + (this.endsLine ? 0 : 1));
  }

  /** Behind the last chunk: what the script ends in. */
  finish(): ScriptEnd {
    this.lexer.finish();
    if (this.isUnsure) return "rows";
    return this.isRestricted && this.lexer.end === "commands" ? "restricted" : this.lexer.end;
  }
}

/**
 * What psql is told behind a script: to say the nonce. Where rows may be open, two more follow that no COPY takes, within
 * quotes or not: it fails, and what is said of it holds the nonce; for psql they are comments else. Where something quoted
 * is open the server refuses it, and where psql obeys no command it says nothing.
 */
function wordsBehind(end: ScriptEnd, nonce: string): string {
  if (end === "quoted" || end === "restricted") return "";
  const rows = end === "rows" ? `-- ${nonce}${IMPOSSIBLE_ROW}\n-- "${nonce}${IMPOSSIBLE_ROW}\n` : "";
  return `\\warn ${nonce}\n${rows}`;
}
