/** Who somebody is and how they are reached: names, user names, emails, phones, companies. */
import * as v from "valibot";
import type { ByteSink } from "../entity.ts";
import { appendByte, appendDigits, appendInteger } from "./append.ts";
import { appendBytes, encodeCopyText } from "./copy-text.ts";
import { drawNumbered } from "./numbered.ts";
import { type CellSite, defineGenerator, type GeneratorDefinition, NO_OPTIONS, type OfRow } from "./site.ts";
import { appendWord, lazyWordTable, slugWords } from "./word-table.ts";
import { definePair, defineWord } from "./words.ts";
import { FIRST_NAMES, JOB_TITLES, LAST_NAMES } from "./words-people.ts";
import { ADJECTIVES, COMPANY_KINDS, MATERIALS, NOUNS, PRODUCTS } from "./words-work.ts";

const DOT = 46;

const FIRST_SLUGS = lazyWordTable(() => slugWords(FIRST_NAMES));
const LAST_SLUGS = lazyWordTable(() => slugWords(LAST_NAMES));

/** Characters of "first.last" at most, and of a number behind it. */
const LONGEST_LOGIN = 32;

/** first.last, and a number where all pairs have been used. */
function loginWriter(site: CellSite, distinct: boolean): (row: number, out: ByteSink) => void {
  const first = FIRST_SLUGS();
  const last = LAST_SLUGS();
  const { index, number } = drawNumbered(site, first.count * last.count, distinct);
  return (row, out) => {
    const pair = index(row);
    const high = Math.floor(pair / last.count);
    appendWord(out, first, high);
    appendByte(out, DOT);
    appendWord(out, last, pair - high * last.count);
    const round = number(row);
    if (round > 0) appendInteger(out, round);
  };
}

const DOMAIN = v.pipe(v.string(), v.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/i, "must be a domain, such as example.test"));

/** RFC 2606 keeps .test and example.* for this: nobody ever receives such mail. */
const EMAIL_OPTIONS = v.strictObject({ domain: v.optional(DOMAIN, "example.test") });

function shortLogin(site: CellSite, domain: string): (row: number, out: ByteSink) => void {
  const room = (site.type.length ?? 0) - domain.length - 1;
  if (room < 4) throw site.mistake(`${site.type.name}(${site.type.length}) has no room for an address at ${domain}`);
  const prefix = encodeCopyText("u");
  return (row, out) => {
    appendBytes(out, prefix);
    appendInteger(out, row + 1);
  };
}

/** Numbers that are never given to anybody: 555-0100 to 555-0199 in each area of the North American plan. */
function phoneWriter(index: OfRow<number>): (row: number, out: ByteSink) => void {
  const start = encodeCopyText("+1-");
  const middle = encodeCopyText("-555-01");
  return (row, out) => {
    const number = index(row);
    appendBytes(out, start);
    appendDigits(out, 200 + Math.floor(number / 100), 3);
    appendBytes(out, middle);
    appendDigits(out, number % 100, 2);
  };
}

const PHONES = 80_000;

export const PEOPLE: readonly GeneratorDefinition[] = [
  defineWord("first_name", "first names from many countries", FIRST_NAMES),
  defineWord("last_name", "last names from many countries", LAST_NAMES),
  definePair("name", "first and last name", FIRST_NAMES, LAST_NAMES),
  defineGenerator({
    name: "username",
    about: "first.last, with a number where all pairs have been used; no two rows share one",
    options: NO_OPTIONS,
    compile: (_, site) => ({ write: loginWriter(site, true) }),
  }),
  defineGenerator({
    name: "email",
    about: "addresses at example.test, which nobody receives; no two rows share one",
    options: EMAIL_OPTIONS,
    shorthand: "domain",
    compile({ domain }, site) {
      const isShort = site.type.length !== undefined && site.type.length < LONGEST_LOGIN + 1 + domain.length;
      const login = isShort ? shortLogin(site, domain) : loginWriter(site, true);
      const ending = encodeCopyText(`@${domain}`);
      return {
        write(row, out) {
          login(row, out);
          appendBytes(out, ending);
        },
      };
    },
  }),
  defineGenerator({
    name: "phone",
    about: "phone numbers that are never given to anybody (+1-xxx-555-01xx)",
    options: NO_OPTIONS,
    space: () => PHONES,
    compile: (_, site) => ({ write: phoneWriter(site.pick(PHONES)) }),
  }),
  definePair("company", "companies: a last name and what they do", LAST_NAMES, COMPANY_KINDS),
  definePair("product", "products: what they are made of and what they are", MATERIALS, PRODUCTS),
  defineWord("job_title", "what somebody does for a living", JOB_TITLES),
  definePair("title", "two words, as a title or label", ADJECTIVES, NOUNS),
];
