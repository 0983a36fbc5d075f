/**
 * What psql says on stderr, told as it comes, but for what may be why it fails: only its exit code knows. What a line looks
 * like proves nothing: a NOTICE may hold any words, and a server says ERROR in its own language.
 */

import { ToolError } from "../sys/tool-error.ts";

/** Where a message begins: `psql:<stdin>:12: `, or `psql: ` before there is a line. */
const HEAD = /^psql:(?:(.*?:\d+):)? /;
/** What is no failure in any case. An unknown word is held back, and told a moment later. */
const HARMLESS = /^(?:NOTICE|INFO|WARNING|warning|LOG|DEBUG): /;

/** A lost connection has three messages: the server's, the library's and psql's. */
const MOST_HELD = 3;
const MOST_LINES = 20;

export class PsqlWords {
  private held: string[][] = [];
  /** The lines of the message that comes; undefined when they are told at once. */
  private open: string[] | undefined;
  private place: string | undefined;

  constructor(
    private readonly tell: (line: string) => void,
    /** A line in the words of whoever reads it. */
    private readonly phrase: (line: string) => string,
  ) {}

  /** A line of psql's stderr. */
  readonly line = (said: string): void => {
    const head = HEAD.exec(said);
    if (head !== null) this.beginMessage(head[1] ?? "", HARMLESS.test(said.slice(head[0].length)));
    if (this.open === undefined) this.tellLine(said);
    else if (this.open.length < MOST_LINES) this.open.push(said);
  };

  /** psql has ended well: what was held back is told. */
  tellRest(): void {
    for (const line of this.held.flat()) this.tellLine(line);
    [this.held, this.open] = [[], undefined];
  }

  /** What psql said last, where the error is that it has failed by itself; else that is told, and there are no words. */
  failure(error: unknown): string[] | undefined {
    const lines = this.held.flat().map(this.phrase);
    const said = lines.slice(0, lines.findLastIndex((line) => line !== "") + 1).slice(0, MOST_LINES);
    const byItself = error instanceof ToolError && !error.failure.aborted && !error.failure.lost;
    if (byItself && said.length > 0) return said;
    this.tellRest();
    return undefined;
  }

  private beginMessage(place: string, harmless: boolean): void {
    if (harmless || place !== this.place) this.tellRest();
    this.place = place;
    this.open = harmless ? undefined : [];
    if (this.open === undefined) return;
    this.held.push(this.open);
    if (this.held.length > MOST_HELD) for (const line of this.held.shift() ?? []) this.tellLine(line);
  }

  private tellLine(line: string): void {
    if (line !== "") this.tell(this.phrase(line));
  }
}
