/** `${NAME}` in pgrove.yaml. */

/**
 * `${NAME}` and `${NAME:-default}`, the only forms; `$${` is a literal `${`. A default has no braces in it: else a
 * megabyte of `${A:-` would be searched to its end for each of them.
 */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}|\$\{/g;

const MISTAKE = `has a \${ that begins neither \${NAME} nor \${NAME:-default}; write $\${ for the characters themselves`;

export type ValueSource = "environment" | "env_file" | "default";

export interface Sources {
  environment: Readonly<Record<string, string | undefined>>;
  envFile: Readonly<Record<string, string>>;
}

export interface Interpolated {
  /** Undefined when a variable has neither a value nor a default. */
  value: string | undefined;
  used: { name: string; from: ValueSource }[];
  missing: string[];
  /** Set when a `${` is written wrongly. */
  mistake: string | undefined;
}

function findValue(name: string, fallback: string | undefined, sources: Sources): [string, ValueSource] | undefined {
  const candidates: [string | undefined, ValueSource][] = [
    [Object.hasOwn(sources.environment, name) ? sources.environment[name] : undefined, "environment"],
    [Object.hasOwn(sources.envFile, name) ? sources.envFile[name] : undefined, "env_file"],
    [fallback, "default"],
  ];
  for (const [value, source] of candidates) {
    if (value === undefined) continue;
    if (value === "" && fallback !== undefined && source !== "default") continue; // `:-` counts an empty one as unset
    return [value, source];
  }
  return undefined;
}

/** Puts variables in, from the environment first, then from the env file. What comes in is not looked at again. */
export function interpolate(text: string, sources: Sources, protect = (value: string) => value): Interpolated {
  const result: Interpolated = { value: undefined, used: [], missing: [], mistake: undefined };
  const value = text.replace(REFERENCE, (found: string, name: string | undefined, fallback: string | undefined) => {
    if (found === "$${") return "${";
    if (name === undefined) {
      result.mistake = MISTAKE;
      return found;
    }
    const known = findValue(name, fallback, sources);
    if (known === undefined) {
      result.missing.push(name);
      return "";
    }
    result.used.push({ name, from: known[1] });
    return known[1] === "default" ? known[0] : protect(known[0]);
  });
  if (result.missing.length === 0) result.value = value;
  return result;
}

/** `{`, `}`, `,`, `[`, `]`, which end a plain value inside YAML's braces, and what stands for them meanwhile. */
const MARKS = "{},[]";
const STAND_INS = "\uE000\uE001\uE002\uE003\uE004";

/** Lets `{password: ${NAME}}` be read as YAML: same length, so that every position stays right. */
export function shieldReferences(text: string): string {
  return text.replace(/\$\{[A-Za-z_][A-Za-z0-9_]*(?::-[^{}\n]*)?\}/g, (reference) =>
    reference.replace(/[{},[\]]/g, (mark) => STAND_INS[MARKS.indexOf(mark)] ?? mark),
  );
}

/** The text before shieldReferences. */
export function unshieldReferences(text: string): string {
  return text.replace(/[\uE000-\uE004]/g, (standIn) => MARKS[STAND_INS.indexOf(standIn)] ?? standIn);
}
