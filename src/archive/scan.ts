/** Checks a plain SQL dump from end to end before psql sees a line of it. */
import { failure } from "../errors.ts";
import { SqlLexer } from "../sql/lexer.ts";
import type { Place, SqlListener } from "../sql/listener.ts";
import { CollationList, type Collations } from "./collations.ts";
import { type ElevatedStatement, elevatedOf } from "./elevated.ts";
import { HeldBytes } from "./held-bytes.ts";
import { namesLeftOut, settingOf } from "./left-out.ts";
import { OwnDatabase } from "./own-database.ts";
import { Superfluous } from "./superfluous.ts";
import { isOfSubscription, NAME, unquoteName, type Want, WantList, wantOf } from "./wants.ts";

/** What was found in a plain dump on the way through it. */
export interface PlainScan {
  serverVersion: string | undefined;
  extensions: string[];
  wants: Want[];
  /** The statements about what an administrator can make. */
  elevated: ElevatedStatement[];
  tablespaces: string[];
  collations: Collations;
  /** It holds `\\restrict`, which an older psql does not know. */
  restricted: boolean;
  /** What it says of that which is left out, or may be: options of columns, and settings. */
  options: string[];
  settings: string[];
  /** It says what a new database does not need. */
  superfluous: boolean;
  /** The database that it makes and enters. */
  ownDatabase: string | undefined;
  /** It holds rows, and nothing that makes a table for them. */
  onlyRows: boolean;
}

const OTHER_DATABASE = /^(?:CREATE|DROP|ALTER) DATABASE\b/i;
const EXTENSION = new RegExp(`^CREATE EXTENSION (?:IF NOT EXISTS )?(${NAME})`, "i");
const TABLESPACE = new RegExp(`^SET default_tablespace = (${NAME})$`, "i");
const FILLS = /^(?:COPY .+ FROM |INSERT INTO )/i;
/** An extension may make tables, too. */
const MAKES = /^(?:CREATE (?:\w+ )*(?:TABLE|VIEW|EXTENSION)|SELECT .*\bINTO) /i;
const SUBSCRIBES = /^CREATE SUBSCRIPTION\b/i;
const ANOTHER = "it works on other databases than the target";
const LAST_WORDS = /^-- PostgreSQL database dump complete\s*$/;
const RETURN_AT_END = /^-- PostgreSQL database dump\r$/;

/**
 * Reads a plain dump to its end. Throws (exit 1) when it does not end with pg_dump's "dump complete" line, works on
 * another database than the connected one, or holds commands for psql itself.
 */
export async function scanPlain(source: AsyncIterable<Uint8Array>, path: string): Promise<PlainScan> {
  const scanner = new PlainScanner(path, true);
  for await (const chunk of source) scanner.add(chunk);
  return scanner.finish();
}

/**
 * What pg_restore makes of an archive, scanned while it passes: whoever reads on has seen no line that was not. Throws as the
 * scan, and where a database is made: nothing is taken out of it behind this.
 */
export async function* scannedPlain(source: AsyncIterable<Uint8Array>, path: string): AsyncGenerator<Uint8Array> {
  const scanner = new PlainScanner(path, false);
  for await (const chunk of source) {
    scanner.add(chunk);
    yield chunk;
  }
  scanner.finish();
}

class PlainScanner implements SqlListener {
  private complete = false;
  /** Its lines end with a carriage return and a newline. */
  private returns = false;
  private serverVersion: string | undefined;
  /** That of the last `\\restrict`. */
  private key: string | undefined;
  private readonly extensions = new Set<string>();
  private readonly wants = new WantList();
  private readonly elevated: ElevatedStatement[] = [];
  private readonly tablespaces = new Set<string>();
  private readonly collations = new CollationList();
  private readonly options = new Set<string>();
  private readonly settings = new Set<string>();
  private readonly superfluous = new Superfluous();
  private hasSuperfluous = false;
  private fills = false;
  private makes = false;
  private readonly held = new HeldBytes();
  private readonly lexer = new SqlLexer(this);
  private readonly own = new OwnDatabase();
  private readonly path: string;
  private readonly mayMakeOwn: boolean;

  constructor(path: string, mayMakeOwn: boolean) {
    this.path = path;
    this.mayMakeOwn = mayMakeOwn;
  }

  add(chunk: Uint8Array): void {
    this.held.add(chunk);
    this.lexer.add(chunk);
    this.held.release(this.lexer.settled);
  }

  comment(line: string): void {
    this.superfluous.comment(line);
    this.serverVersion ??= /^-- Dumped from database version (\S+)/.exec(line)?.[1];
    this.returns ||= RETURN_AT_END.test(line);
    if (LAST_WORDS.test(line)) this.complete = true;
    if (/^-- PostgreSQL database cluster dump/.test(line)) {
      throw failure(
        "cluster_dump",
        `${this.path} is a dump of a whole server (pg_dumpall), which would change every database in it`,
        "restore it with psql, or make a dump of one database: pgrove dump",
      );
    }
  }

  command(line: string, whole: boolean): void {
    const [, verb, key] = /^\\(restrict|unrestrict)\b\s*(.*)/.exec(line) ?? [];
    if (verb === "unrestrict" && key === this.key) return;
    if (verb === "unrestrict" || !whole) {
      this.complete = false; // cut off, whatever it was to become
      return;
    }
    if (verb === "restrict") this.key = key;
    else if (this.mayMakeOwn && this.own.enters(line)) this.hasSuperfluous = true;
    else if (/^\\c(onnect)?\b/.test(line)) throw this.refuse(line, ANOTHER);
    else throw this.refuse(line, "it holds a command for psql itself");
  }

  unclear(what: string): void {
    throw failure(
      "dump_unsafe",
      `${this.path} cannot be checked: psql may read a part of it otherwise than pgrove\n  ${what}`,
      "make it again in custom format (pg_dump -Fc), or run it yourself: psql -f",
    );
  }

  statement(text: string, place: Place): void {
    this.complete = false; // what follows the last words must have last words of its own
    if (this.mayMakeOwn && this.own.takes(text)) {
      this.hasSuperfluous = true;
      return;
    }
    if (OTHER_DATABASE.test(text)) throw this.refuse(text, ANOTHER);
    const extension = EXTENSION.exec(text)?.[1];
    if (extension !== undefined) this.extensions.add(unquoteName(extension));
    const tablespace = TABLESPACE.exec(text)?.[1];
    if (tablespace !== undefined) this.tablespaces.add(unquoteName(tablespace));
    const bytes = () => this.held.at(place);
    const whole = () => bytes()?.toString("utf8") ?? text;
    const want = wantOf(text, whole);
    if (want !== undefined) this.wants.add(want);
    // A whole dump is loaded without those that are known as such; nothing is taken out of what pg_restore writes.
    if (SUBSCRIBES.test(text) && !(this.mayMakeOwn && want !== undefined && isOfSubscription(want))) {
      throw this.refuse(text, "it would subscribe to another server", "make it again with pg_dump --no-subscriptions");
    }
    const elevated = elevatedOf(text, whole);
    if (elevated !== undefined) this.elevated.push(elevated);
    this.collations.add(text, bytes);
    if (this.superfluous.includes(text)) this.hasSuperfluous = true;
    this.fills ||= FILLS.test(text);
    this.makes ||= MAKES.test(text);
    for (const option of namesLeftOut(text)) this.options.add(option);
    const setting = settingOf(text);
    if (setting !== undefined) this.settings.add(setting);
  }

  private refuse(line: string, why: string, hint = "make it again without --create, or run it yourself: psql -f") {
    return failure(
      "dump_unsafe",
      `${this.path} cannot be restored into one database: ${why}\n  ${line.slice(0, 120)}`,
      hint,
    );
  }

  finish(): PlainScan {
    const closed = this.lexer.finish();
    if (this.returns && this.lexer.quotesLines) {
      throw failure(
        "dump_mangled",
        `${this.path} has a carriage return before every newline, which would get into functions and other long text`,
        "make it again (docker exec without -t), or take them out: tr -d '\\r' < FILE",
      );
    }
    if (!this.complete || !closed) {
      throw failure(
        "dump_truncated",
        `${this.path} is not a whole dump: it does not end with "PostgreSQL database dump complete"`,
        "it was cut off, or is no dump; SQL that is none runs with: pgrove sql -f FILE",
      );
    }
    if (this.own.isLeftOpen) throw this.refuse("it makes a database, and does not enter it", ANOTHER);
    const { serverVersion, elevated } = this;
    const restricted = this.key !== undefined;
    const [extensions, tablespaces] = [[...this.extensions], [...this.tablespaces]];
    const [options, settings, wants] = [[...this.options], [...this.settings], this.wants.all];
    const collations = this.collations.all;
    const about = { superfluous: this.hasSuperfluous, onlyRows: this.fills && !this.makes, ownDatabase: this.own.name };
    return {
      serverVersion,
      restricted,
      extensions,
      wants,
      elevated,
      tablespaces,
      collations,
      options,
      settings,
      ...about,
    };
  }
}
