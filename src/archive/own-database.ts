/**
 * What a plain dump says of the database that it is of (pg_dump --create): it makes and enters it, and what is loaded goes
 * into another one, which takes its place. Any other database is not the dump's to name.
 */
import { PART, unquoteName } from "./wants.ts";

const NAME = `(${PART})`;
const DROPS = new RegExp(`^DROP DATABASE (?:IF EXISTS )?${NAME}$`, "i");
const MAKES = new RegExp(`^CREATE DATABASE ${NAME}(?: WITH .*)?$`, "i");
const ABOUT = [
  new RegExp(`^(?:ALTER|COMMENT ON) DATABASE ${NAME} `, "i"),
  new RegExp(`^(?:GRANT|REVOKE) .+ ON DATABASE ${NAME} (?:TO|FROM) `, "i"),
  new RegExp(`^ALTER ROLE .+ IN DATABASE ${NAME} SET `, "i"),
  new RegExp(`^SECURITY LABEL .*ON DATABASE ${NAME} IS `, "i"),
];
/** Odd names come as a connection string, within an identifier's quotes. */
const ENTERS = /^\\connect (?:-reuse-previous=on "dbname='((?:[^'\\"]|\\.)+)'"|("(?:[^"]|"")+"|[^\s"'\\]+))\s*$/;

/** Stands in front of those: the name is no text in any encoding. What follows sets its own again. */
const ENCODES = /^\\encoding SQL_ASCII\s*$/;

/** Follows a dump from its beginning. */
export class OwnDatabase {
  private dropped: string | undefined;
  private made: string | undefined;
  private isEntered = false;

  /** The database that was made and entered. */
  get name(): string | undefined {
    return this.isEntered ? this.made : undefined;
  }

  /** It was begun with, and never entered: what follows would have gone into another one. */
  get isLeftOpen(): boolean {
    return !this.isEntered && (this.dropped ?? this.made) !== undefined;
  }

  /** Whether a statement is about the dump's own database alone. */
  takes(text: string): boolean {
    const drops = nameIn(DROPS, text);
    if (drops !== undefined) {
      if (this.made !== undefined) return false;
      this.dropped ??= drops;
      return this.dropped === drops;
    }
    const makes = nameIn(MAKES, text);
    if (makes !== undefined) {
      if (this.made !== undefined || makes !== (this.dropped ?? makes)) return false;
      this.made = makes;
      return true;
    }
    return this.made !== undefined && ABOUT.some((about) => nameIn(about, text) === this.made);
  }

  /** Whether a command of psql enters it, or is about to. */
  enters(line: string): boolean {
    if (ENCODES.test(line)) return this.made !== undefined;
    const [, odd, plain] = ENTERS.exec(line) ?? [];
    const name = odd?.replace(/\\(.)/g, "$1") ?? (plain === undefined ? undefined : unquoteName(plain));
    if (name === undefined || name !== this.made) return false;
    this.isEntered = true;
    return true;
  }
}

function nameIn(form: RegExp, text: string): string | undefined {
  const name = form.exec(text)?.[1];
  return name === undefined ? undefined : unquoteName(name);
}
