/** YAML text as plain values, with the place of each in the text, so that any later mistake can name its line. */
import type { Alias, Document, LineCounter, Node, Pair, Scalar } from "yaml";
import { type Interpolated, shieldReferences, unshieldReferences } from "./variable-references.ts";

/** Keys and positions in lists, from the root down. */
export type Path = readonly (string | number)[];

export interface Mistake {
  /** Place in the text, in UTF-16 units. */
  offset: number;
  message: string;
}

export interface Place {
  keyOffset: number;
  valueOffset: number;
  /** A scalar as it was written, before YAML made a number or a boolean of it. */
  written?: string;
  interpolated?: Interpolated;
}

export interface YamlSource {
  value: unknown;
  places: ReadonlyMap<string, Place>;
  mistakes: Mistake[];
  /** Both from 1. */
  lineAndColumn(offset: number): { line: number; column: number };
}

export interface Reader {
  /** Puts variables in; undefined for text that is to be left as it is. */
  interpolateAt(path: Path, text: string): Interpolated | undefined;
  /** Whether a key without a value stands for `{}`. Elsewhere it counts as not given. */
  emptyIsMapping(path: Path): boolean;
}

const MAX_NODES = 10_000;
const MAX_ALIASES = 100;
const MAX_DEPTH = 32;
const MAX_MISTAKES = 20;

export function placeKey(path: Path): string {
  return path.join("\u0000");
}

/** `worktrees.setup[0]` */
export function showPath(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

type Yaml = typeof import("yaml");

/** Reads YAML without running into its traps: tags, aliases that multiply, depth. Everything wrong is in `mistakes`. */
export async function readYaml(text: string, reader: Reader): Promise<YamlSource> {
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(shieldReferences(text), {
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false, // the library compares every pair of keys; told apart below instead
    logLevel: "error",
    stringKeys: false,
  });
  const walk = new Walk(yaml, document, reader);
  for (const { message, pos } of document.errors.slice(0, MAX_MISTAKES)) {
    walk.mistakes.push({ offset: pos[0], message: `broken YAML: ${tidy(message)}` });
  }
  const value = walk.mistakes.length === 0 ? walk.read(document.contents, [], 0) : undefined;
  return { value, places: walk.places, mistakes: walk.mistakes, lineAndColumn: (offset) => locate(lines, offset) };
}

function tidy(message: string): string {
  if (message.startsWith("Maximum call stack")) return "it is nested too deeply";
  if (message.startsWith("Source contains multiple documents")) return "one document is enough";
  return unshieldReferences(message.split("\n")[0] ?? message);
}

function locate(lines: LineCounter, offset: number): { line: number; column: number } {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

class Walk {
  readonly places = new Map<string, Place>();
  readonly mistakes: Mistake[] = [];
  private nodes = 0;
  private aliases = 0;
  private full = false;

  constructor(
    private readonly yaml: Yaml,
    private readonly document: Document.Parsed,
    private readonly reader: Reader,
  ) {}

  read(node: Node | null, path: Path, depth: number): unknown {
    if (node === null || this.full) return undefined;
    const offset = node.range?.[0] ?? 0;
    if (++this.nodes > MAX_NODES || depth > MAX_DEPTH || this.aliases > MAX_ALIASES) {
      this.full = true;
      return this.complain(
        offset,
        "too much: more than 10,000 values, 100 aliases, or 32 levels once aliases are followed",
      );
    }
    if (this.yaml.isAlias(node)) return this.followAlias(node, offset, path, depth);
    if (node.tag !== undefined && !STANDARD_TAGS.has(node.tag)) {
      return this.complain(offset, `the tag ${node.tag} is not understood; pgrove.yaml needs none`);
    }
    if (this.yaml.isScalar(node)) return this.readScalar(node, path, offset);
    if (this.yaml.isSeq(node)) return node.items.map((item, index) => this.readItem(item, [...path, index], depth));
    if (this.yaml.isMap(node)) return this.readMap(node.items, path, depth);
    return undefined;
  }

  private complain(offset: number, message: string): undefined {
    if (this.mistakes.length < MAX_MISTAKES) this.mistakes.push({ offset, message });
    return undefined;
  }

  private followAlias(alias: Alias, offset: number, path: Path, depth: number): unknown {
    this.aliases++;
    const target = alias.resolve(this.document);
    if (target === undefined) return this.complain(offset, `no anchor &${alias.source} before it`);
    return this.read(target, path, depth + 1);
  }

  private readItem(item: unknown, path: Path, depth: number): unknown {
    if (!this.yaml.isNode(item)) return null;
    const offset = item.range?.[0] ?? 0;
    this.places.set(placeKey(path), { keyOffset: offset, valueOffset: offset });
    return this.read(item, path, depth + 1);
  }

  private readScalar(node: Scalar, path: Path, offset: number): unknown {
    if (typeof node.value !== "string") {
      const place = this.places.get(placeKey(path));
      if (place !== undefined && node.source !== undefined) place.written = node.source;
      return node.value;
    }
    const text = unshieldReferences(node.value);
    const interpolated = text.includes("${") ? this.reader.interpolateAt(path, text) : undefined;
    if (interpolated === undefined) return text;
    const place = this.places.get(placeKey(path));
    if (place !== undefined) place.interpolated = interpolated;
    if (interpolated.mistake !== undefined) this.complain(offset, `${showPath(path)} ${interpolated.mistake}`);
    return interpolated.value;
  }

  private readMap(pairs: readonly Pair[], path: Path, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const seen = new Set<string>();
    for (const pair of pairs) {
      const key = this.readKey(pair.key);
      if (key === undefined) continue;
      if (seen.has(key.name)) {
        this.complain(key.offset, `${JSON.stringify(key.name)} is given twice`);
        continue;
      }
      seen.add(key.name);
      const at = [...path, key.name];
      const value = this.yaml.isNode(pair.value) ? pair.value : null;
      this.places.set(placeKey(at), { keyOffset: key.offset, valueOffset: value?.range?.[0] ?? key.offset });
      const read = this.read(value, at, depth + 1);
      if (read === null || value === null) {
        if (this.reader.emptyIsMapping(at)) result[key.name] = {};
      } else result[key.name] = read;
    }
    return result;
  }

  private readKey(node: unknown): { name: string; offset: number } | undefined {
    if (!this.yaml.isNode(node)) return undefined;
    const offset = node.range?.[0] ?? 0;
    if (!this.yaml.isScalar(node)) return this.complain(offset, "a key must be text");
    const name = unshieldReferences(typeof node.value === "string" ? node.value : (node.source ?? String(node.value)));
    if (UNSAFE_KEYS.has(name)) return this.complain(offset, `${name} cannot be a key`);
    return { name, offset };
  }
}

/** Would reach into every object of the program. */
const UNSAFE_KEYS = new Set(["__proto__", "constructor", "prototype"]);

const STANDARD_TAGS = new Set(
  ["str", "int", "float", "bool", "null", "map", "seq"].map((name) => `tag:yaml.org,2002:${name}`),
);
