/**
 * What a dump may say that the server it goes to does not take, and that is left out on the way in: by name, each with
 * its reason. Whatever else a server does not know stays an error.
 */
import type { Place } from "../sql/listener.ts";

/** Options of columns. None of them says anything of the data. */
const LEFT_OUT_OPTIONS: Readonly<Record<string, string>> = {
  pg_attver:
    "PostgreSQL 17.12 counts in it, for itself, the changes of a table; no other server takes it, and only its own pg_dump leaves it out",
};

/** Settings that pg_dump and pg_restore begin with, and the first server that knows them. All switch off a time limit. */
const SETTINGS_SINCE: Readonly<Record<string, number>> = { transaction_timeout: 17 };

/** What pg_restore's SQL may hold, whatever it was made from. */
export const SCRIPT_CONTENTS = {
  ...{ restricted: true, superfluous: false },
  leftOut: { options: [], settings: Object.keys(SETTINGS_SINCE) },
};

/** The settings of the list that a server of that version does not know. */
export function settingsUnknownTo(major: number): string[] {
  return Object.keys(SETTINGS_SINCE).filter((name) => (SETTINGS_SINCE[name] ?? 0) > major);
}

/** Whether the pg_restore of that version begins with a setting that a server of the other does not know. */
export function saysUnknownSettings(programs: number, server: number): boolean {
  return settingsUnknownTo(server).some((name) => programs >= (SETTINGS_SINCE[name] ?? 0));
}

/** The setting of the list that a statement of the lexer sets. */
export function settingOf(statement: string): string | undefined {
  const name = /^SET (\w+) = \S+$/i.exec(statement)?.[1]?.toLowerCase();
  return name !== undefined && Object.hasOwn(SETTINGS_SINCE, name) ? name : undefined;
}

const B = String.raw`[ \t\n\r\f\v]`;
/** A name, bare or quoted: in text, or in bytes that are read as Latin 1. */
const NAME = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)`;
const QUALIFIED = `${NAME}(?:\\.${NAME})*`;
const SET_OPTIONS = new RegExp(
  `^${B}*ALTER${B}+(?:FOREIGN${B}+)?TABLE${B}+(?:IF${B}+EXISTS${B}+)?(?:ONLY${B}+)?${QUALIFIED}` +
    `${B}+ALTER${B}+(?:COLUMN${B}+)?${NAME}${B}+SET${B}*\\(`,
  "i",
);
const OPTION = new RegExp(`${B}*(${NAME})(?:${B}*=${B}*(?:'(?:[^']|'')*'|[^\\s'",();]+))?${B}*([,)])`, "y");
const END = new RegExp(`${B}*;?${B}*$`, "y");

const goes = ({ name }: Option) => Object.hasOwn(LEFT_OUT_OPTIONS, name);

interface Option {
  name: string;
  /** From its first byte to behind the comma or parenthesis that follows. */
  start: number;
  end: number;
}

/** The options that a statement gives to a column; undefined where it is another statement. */
function readOptions(statement: string): Option[] | undefined {
  const head = SET_OPTIONS.exec(statement)?.[0];
  if (head === undefined) return undefined;
  const options: Option[] = [];
  OPTION.lastIndex = head.length;
  for (;;) {
    const start = OPTION.lastIndex;
    const [, name = "", follows] = OPTION.exec(statement) ?? [];
    if (follows === undefined) return undefined;
    options.push({ name: unquote(name), start, end: OPTION.lastIndex });
    if (follows === ")") break;
  }
  END.lastIndex = OPTION.lastIndex;
  return END.test(statement) ? options : undefined;
}

function unquote(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase();
}

/** Whether a text is worth a closer look. */
export function mayHoldLeftOut(text: Uint8Array): boolean {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.length);
  return Object.keys(LEFT_OUT_OPTIONS).some((name) => bytes.includes(name));
}

/** The options of the list that a statement of the lexer sets. */
export function namesLeftOut(statement: string): string[] {
  if (!Object.keys(LEFT_OUT_OPTIONS).some((name) => statement.includes(name))) return [];
  return (readOptions(statement) ?? []).filter(goes).map(({ name }) => name);
}

/** The options of the list that a statement sets, and the parts of it to blank so that it says all the rest. */
export function findLeftOut(statement: Uint8Array): { names: string[]; parts: Place[] } {
  if (!mayHoldLeftOut(statement)) return { names: [], parts: [] };
  const options = readOptions(Buffer.from(statement).toString("latin1")) ?? [];
  const names = options.filter(goes).map(({ name }) => name);
  if (names.length === options.length) {
    return { names, parts: names.length === 0 ? [] : [{ start: 0, end: statement.length }] };
  }
  const last = options.findLastIndex((option) => !goes(option));
  const parts = options.flatMap((option, index) => {
    if (!goes(option)) return [];
    // In front of one that stays it goes with its comma; behind the last that stays, with the comma in front of it.
    return [index < last ? option : { start: option.start - 1, end: option.end - 1 }];
  });
  return { names, parts: parts.map(({ start, end }) => ({ start, end })) };
}

const SPACE = 32;
const NEWLINE = 10;
const RETURN = 13;

/** A part of a text to blank, and what stands at its beginning then. */
export interface BlankPart extends Place {
  instead?: string;
}

/** Overwrites parts of a text, which begins at byte `from`: everything keeps its place, and every line its number. */
export function blank(bytes: Uint8Array, parts: readonly BlankPart[], from = 0): void {
  for (const { start, end, instead = "" } of parts) {
    const last = Math.min(end - from, bytes.length);
    for (let at = Math.max(start - from, 0); at < last; at++) {
      const given = instead.charCodeAt(at + from - start); // NaN behind its end
      if (bytes[at] !== NEWLINE && bytes[at] !== RETURN) bytes[at] = Number.isNaN(given) ? SPACE : given;
    }
  }
}

/** What a dump says of that which is left out: options of columns always, settings where the server knows them not. */
export interface LeftOut {
  options: readonly string[];
  settings: readonly string[];
}

/** One note for all of it; undefined where a server of that version is given everything. */
export function sayLeftOut({ options, settings }: LeftOut, server: number): string | undefined {
  const unknown = settingsUnknownTo(server).filter((name) => settings.includes(name));
  const said = [
    ...options.map((name) => `${name} of columns (${LEFT_OUT_OPTIONS[name]})`),
    ...unknown.map((name) => `SET ${name} (PostgreSQL ${server} does not know it)`),
  ];
  return said.length === 0 ? undefined : `left out: ${said.join("; ")}`;
}
