/** `${NAME}` and its kin, as a shell, docker compose and most readers of env files know them; nested ones, too. */

type Operator = "" | ":-" | "-" | ":?" | "?" | ":+" | "+";

interface Reference {
  name: string;
  operator: Operator;
  /** What stands behind the operator. */
  word: Part[];
  /** `$NAME`, as it was written. */
  bare?: string;
}

type Part = string | Reference;

/** A text with its references found. */
export interface Expandable {
  parts: Part[];
  /** A `${` that begins no reference, a reference that does not end, or braces inside one. */
  isMalformed: boolean;
  /** A `$$` that stood for one sign. */
  hasDoubled: boolean;
}

/** Which signs mean something. */
export interface Syntax {
  /** `$NAME` is a reference as well. */
  bare: boolean;
  /** What `$$` stands for: one sign anywhere, or only before a brace. */
  doubled: "anywhere" | "before a brace";
  /** What a backslash and the sign behind it stand for; undefined: themselves. */
  escape?: (sign: string) => string | undefined;
}

/** What a text is expanded with. */
export interface Values {
  /** `emptyCounts`: whether an empty value is one. */
  find(name: string, emptyCounts: boolean): string | undefined;
  /** A variable without a value: what stands in its place. */
  missing(name: string, bare: string | undefined): string;
  /** `${NAME:?message}` of a variable without a value. */
  required(name: string, message: string): void;
  /** A reference was replaced by what stands behind its operator. */
  defaulted?(name: string): void;
}

const MOST_NESTED = 20;
const BRACED = /\$\{([A-Za-z_][A-Za-z0-9_]*)(:?[-?+]|\})/y;
const BARE = /\$([A-Za-z_][A-Za-z0-9_]*)/y;
const PLAIN = /[^$\\{}]+/y;

/** Finds the references of a text, in time that grows with its length only. */
export function readReferences(text: string, syntax: Syntax): Expandable {
  const found: Expandable = { parts: [], isMalformed: false, hasDoubled: false };
  const open: { reference: Reference; written: string }[] = [];
  const add = (part: Part) => (open.at(-1)?.reference.word ?? found.parts).push(part);
  const match = (pattern: RegExp, at: number) => {
    pattern.lastIndex = at;
    return pattern.exec(text);
  };
  for (let at = 0; at < text.length; ) {
    const plain = match(PLAIN, at);
    if (plain !== null) {
      add(plain[0]);
      at += plain[0].length;
      continue;
    }
    const two = text.slice(at, at + 2);
    const escaped = two.startsWith("\\") && two.length === 2 ? syntax.escape?.(two.charAt(1)) : undefined;
    if (escaped !== undefined) {
      add(escaped);
      at += 2;
    } else if (two === "$$" && (syntax.doubled === "anywhere" || text.startsWith("$${", at))) {
      found.hasDoubled = true;
      const sign = syntax.doubled === "anywhere" ? "$" : "${";
      add(sign);
      at += 1 + sign.length;
    } else if (two === "${") {
      const braced = open.length < MOST_NESTED ? match(BRACED, at) : null;
      const [written = two, name = "", sign = ""] = braced ?? [];
      if (braced === null) {
        found.isMalformed = true;
        add(two);
      } else if (sign === "}") add({ name, operator: "", word: [] });
      else open.push({ reference: { name, operator: sign as Operator, word: [] }, written });
      at += written.length;
    } else {
      const bare = syntax.bare && two.startsWith("$") ? match(BARE, at) : null;
      const closing = two.startsWith("}") ? open.pop() : undefined;
      if (bare !== null) add({ name: bare[1] ?? "", operator: "", word: [], bare: bare[0] });
      else if (closing !== undefined) add(closing.reference);
      else add(text.charAt(at));
      if (two.startsWith("{") && open.length > 0) found.isMalformed = true;
      at += bare?.[0].length ?? 1;
    }
  }
  if (open.length > 0) found.isMalformed = true;
  while (open.length > 0) {
    const unclosed = open.pop();
    add(unclosed?.written ?? "");
    for (const part of unclosed?.reference.word ?? []) add(part);
  }
  return found;
}

/** The text with its values put in. What comes in is not looked at again. */
export function expandParts(parts: readonly Part[], values: Values): string {
  return parts.map((part) => (typeof part === "string" ? part : expandReference(part, values))).join("");
}

function expandReference({ name, operator, word, bare }: Reference, values: Values): string {
  const value = values.find(name, !operator.startsWith(":"));
  const counts = value !== undefined && (value !== "" || !operator.startsWith(":"));
  const instead = () => {
    values.defaulted?.(name);
    return expandParts(word, values);
  };
  switch (operator) {
    case ":+":
    case "+":
      if (counts) return expandParts(word, values);
      values.defaulted?.(name);
      return "";
    case ":-":
    case "-":
      return counts ? value : instead();
    case ":?":
    case "?":
      if (counts) return value;
      values.required(name, expandParts(word, values));
      return "";
    case "":
      return value ?? values.missing(name, bare);
  }
}
