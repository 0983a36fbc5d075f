/** `${NAME}` in pgrove.yaml. */

import { expandParts, readReferences, type Syntax } from "./expansion.ts";

/** `$${` is a literal `${`; a `$` without a brace always is one. */
const SYNTAX: Syntax = { bare: false, doubled: "before a brace" };

const MISTAKE = `has a \${ that begins neither \${NAME} nor \${NAME:-default}, or is not closed; write $\${ for the characters themselves`;

export type ValueSource = "environment" | "env_file" | "default";

export interface Sources {
  environment: Readonly<Record<string, string | undefined>>;
  envFile: Readonly<Record<string, string>>;
}

export interface Interpolated {
  /** Undefined when a variable has neither a value nor a default. */
  value: string | undefined;
  used: { name: string; from: ValueSource }[];
  missing: { name: string; message?: string }[];
  /** Set when a `${` is written wrongly. */
  mistake: string | undefined;
}

function findValue(name: string, emptyCounts: boolean, sources: Sources): [string, ValueSource] | undefined {
  const candidates: [string | undefined, ValueSource][] = [
    [Object.hasOwn(sources.environment, name) ? sources.environment[name] : undefined, "environment"],
    [Object.hasOwn(sources.envFile, name) ? sources.envFile[name] : undefined, "env_file"],
  ];
  for (const [value, source] of candidates) {
    if (value !== undefined && (value !== "" || emptyCounts)) return [value, source];
  }
  return undefined;
}

/** Puts variables in, from the environment first, then from the env file. What comes in is not looked at again. */
export function interpolate(text: string, sources: Sources, protect = (value: string) => value): Interpolated {
  const result: Interpolated = { value: undefined, used: [], missing: [], mistake: undefined };
  const { parts, isMalformed } = readReferences(text, SYNTAX);
  if (isMalformed) result.mistake = MISTAKE;
  const value = expandParts(parts, {
    find: (name, emptyCounts) => {
      const known = findValue(name, emptyCounts, sources);
      if (known === undefined) return undefined;
      result.used.push({ name, from: known[1] });
      return protect(known[0]);
    },
    missing: (name) => {
      result.missing.push({ name });
      return "";
    },
    required: (name, message) => result.missing.push(message === "" ? { name } : { name, message }),
    defaulted: (name) => result.used.push({ name, from: "default" }),
  });
  if (result.missing.length === 0) result.value = value;
  return result;
}

/** `{`, `}`, `,`, `[`, `]`, which end a plain value inside YAML's braces, and what stands for them meanwhile. */
const MARKS = "{},[]";
const STAND_INS = "\uE000\uE001\uE002\uE003\uE004";

const REFERENCE_START = /\$\{[A-Za-z_][A-Za-z0-9_]*(?=[}:?+-])/g;

/** Lets `{password: ${NAME}}` be read as YAML: same length, so that every position stays right. */
export function shieldReferences(text: string): string {
  let shielded = "";
  let from = 0;
  for (const { index } of text.matchAll(REFERENCE_START)) {
    if (index < from) continue;
    const end = findEnd(text, index);
    if (end === undefined) continue;
    shielded += text.slice(from, index);
    shielded += text.slice(index, end).replace(/[{},[\]]/g, (mark) => STAND_INS[MARKS.indexOf(mark)] ?? mark);
    from = end;
  }
  return shielded + text.slice(from);
}

/** How long a reference may be. */
const LONGEST = 1000;

/** Where the reference that begins there ends, in its line; undefined where it does not. */
function findEnd(text: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < text.length && at < start + LONGEST; at++) {
    const sign = text.charAt(at);
    if (sign === "\n") return undefined;
    if (sign === "{" && text.charAt(at - 1) !== "$") return undefined;
    if (sign === "{") depth += 1;
    if (sign === "}") depth -= 1;
    if (sign === "}" && depth === 0) return at + 1;
  }
  return undefined;
}

/** The text before shieldReferences. */
export function unshieldReferences(text: string): string {
  return text.replace(/[\uE000-\uE004]/g, (standIn) => MARKS[STAND_INS.indexOf(standIn)] ?? standIn);
}
