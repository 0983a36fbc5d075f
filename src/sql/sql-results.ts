/** Rows as data: what JSON has a type for gets it, everything else stays PostgreSQL's own text. */

export interface SqlResult {
  /** The statement's tag: "SELECT", "INSERT". */
  command: string;
  /** Rows returned or changed; null where PostgreSQL counts none. */
  count: number | null;
  rows: Record<string, unknown>[];
}

interface RawResult {
  command: string;
  count: number | null;
  columns?: readonly { name: string; type: number }[] | undefined;
  [Symbol.iterator](): Iterator<readonly (Uint8Array | null)[]>;
}

const BOOL = 16;
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701]); // int8 int2 int4 oid float4 float8
const JSON_TYPES: ReadonlySet<number> = new Set([114, 3802]); // json jsonb

/** The results of one or several statements, as postgres.js gives them under `raw()`. */
export function readResults(answer: unknown): SqlResult[] {
  if (isResult(answer)) return [readResult(answer)];
  return Array.isArray(answer) ? answer.filter(isResult).map(readResult) : [];
}

function isResult(value: unknown): value is RawResult {
  return Array.isArray(value) && typeof Reflect.get(value, "command") === "string";
}

function readResult(result: RawResult): SqlResult {
  const columns = distinctNames(result.columns ?? []);
  const rows = [...result].map((row) =>
    Object.fromEntries(columns.map(({ name, type }, place) => [name, readValue(row[place] ?? null, type)])),
  );
  return { command: result.command, count: result.count ?? null, rows };
}

/** A second column of a name becomes name_2: an object would lose the first. */
function distinctNames(columns: readonly { name: string; type: number }[]): { name: string; type: number }[] {
  const taken = new Set<string>();
  return columns.map(({ name, type }) => {
    let free = name;
    for (let copy = 2; taken.has(free); copy++) free = `${name}_${copy}`;
    taken.add(free);
    return { name: free, type };
  });
}

function readValue(raw: Uint8Array | null, type: number): unknown {
  if (raw === null) return null;
  const text = new TextDecoder().decode(raw);
  if (type === BOOL) return text === "t";
  if (JSON_TYPES.has(type)) return JSON.parse(text);
  if (!NUMBERS.has(type)) return text;
  const number = Number(text);
  // Beyond 2^53, and NaN and Infinity, JSON's numbers would lie.
  return Number.isFinite(number) && (Number.isSafeInteger(number) || !/^-?\d+$/.test(text)) ? number : text;
}
