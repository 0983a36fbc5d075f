/** Texts of a regular expression: the text of a number, so that as many differ as the expression has. */
import * as v from "valibot";
import { type Language, readLanguage } from "../pattern/language.ts";
import { appendText } from "./copy-text.ts";
import { drawBits, MAX_SPACE, mixKeys } from "./mix.ts";
import { type Cell, type CellSite, defineGenerator, type GeneratorDefinition } from "./site.ts";

const PATTERNS = v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))]);
const LENGTH = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000));

const OPTIONS = v.strictObject({
  /** All of them match. */
  pattern: PATTERNS,
  /** None of them matches. */
  without: v.optional(PATTERNS),
  min: v.optional(LENGTH),
  max: v.optional(LENGTH),
});

type Options = v.InferOutput<typeof OPTIONS>;

function languageOf({ pattern, without = [], min, max }: Options, { length }: { length?: number }, distinct: boolean) {
  const demands = [
    ...[pattern].flat().map((regex) => ({ regex })),
    ...[without].flat().map((regex) => ({ regex, negated: true })),
  ];
  const most = Math.min(max ?? Number.POSITIVE_INFINITY, length ?? Number.POSITIVE_INFINITY);
  return readLanguage(demands, {
    minLength: min,
    ...(Number.isFinite(most) ? { maxLength: most } : {}),
    many: distinct,
  });
}

const WORD = 2n ** 32n;
const EXACT = BigInt(MAX_SPACE);

/** A whole number below `limit`, of as many words of chance as that takes. */
function drawBelowBig(key: number, row: number, limit: bigint): bigint {
  let bits = 0n;
  for (let [word, room] = [0, 1n]; room < limit * WORD; word++, room *= WORD) {
    bits = bits * WORD + BigInt(drawBits(mixKeys(key, word + 1), row));
  }
  return bits % limit;
}

/** Of more texts than are counted exactly, each counted number stands for a stretch of them. */
function compileRegex(language: Language, site: CellSite): Cell {
  const { count } = language;
  const isCounted = count <= EXACT;
  const index = site.pick(isCounted ? Number(count) : MAX_SPACE);
  const stretch = isCounted ? 1n : count / EXACT;
  return {
    write(row, out) {
      const first = BigInt(index(row)) * stretch;
      appendText(out, language.textAt(isCounted ? first : first + drawBelowBig(site.key, row, stretch)));
    },
  };
}

export const REGEX: GeneratorDefinition = defineGenerator({
  name: "regex",
  about: "texts that match a regular expression of PostgreSQL's; `without` others, from min to max characters",
  options: OPTIONS,
  shorthand: "pattern",
  space(options, type) {
    const { count } = languageOf(options, type, true) ?? { count: 0n };
    return Number(count < EXACT ? count : EXACT);
  },
  compile(options, site) {
    const language = languageOf(options, site.type, site.distinct);
    if (language === undefined) {
      const written = [options.pattern].flat().join(" and ");
      throw site.mistake(`no text can be made for ${written}`, "give it another generator, or {sql: …}");
    }
    return compileRegex(language, site);
  },
});
