/** Parts of addresses, and what goes with a place. */
import { appendByte, appendDigits, appendInteger } from "./append.ts";
import { appendBytes, encodeCopyText } from "./copy-text.ts";
import { drawBelow, mixKeys } from "./mix.ts";
import { drawNumbered } from "./numbered.ts";
import { defineGenerator, type GeneratorDefinition, NO_OPTIONS } from "./site.ts";
import { appendWord, lazyWordTable } from "./word-table.ts";
import { defineWord } from "./words.ts";
import {
  CITIES,
  COUNTRIES,
  COUNTRY_CODES,
  CURRENCIES,
  LOCALES,
  STATES,
  STREET_KINDS,
  STREET_NAMES,
  TIME_ZONES,
} from "./words-places.ts";
import { COLORS } from "./words-work.ts";

const SPACE = 32;

const NAMES = lazyWordTable(() => STREET_NAMES);
const KINDS = lazyWordTable(() => STREET_KINDS);
const TOWNS = lazyWordTable(() => CITIES);
const STATE_NAMES = lazyWordTable(() => STATES);

/** House numbers go from 1 to this. */
const HOUSES = 199;

const POSTCODES = 100_000;

export const PLACES: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "street",
    about: "house number and street",
    options: NO_OPTIONS,
    space: () => HOUSES * STREET_NAMES.length * STREET_KINDS.length,
    compile(_, site) {
      const [names, kinds] = [NAMES(), KINDS()];
      const index = site.pick(HOUSES * names.count * kinds.count);
      return {
        write(row, out) {
          const house = index(row);
          const street = Math.floor(house / HOUSES);
          appendInteger(out, (house % HOUSES) + 1);
          appendByte(out, SPACE);
          appendWord(out, names, Math.floor(street / kinds.count));
          appendByte(out, SPACE);
          appendWord(out, kinds, street % kinds.count);
        },
      };
    },
  }),
  defineWord("city", "cities of the world", CITIES),
  defineWord("state", "states and provinces", STATES),
  defineWord("country", "countries", COUNTRIES),
  defineWord("country_code", "two letters for a country (ISO 3166)", COUNTRY_CODES),
  defineGenerator({
    name: "postcode",
    about: "five digits",
    options: NO_OPTIONS,
    space: () => POSTCODES,
    compile(_, site) {
      const index = site.pick(POSTCODES);
      return { write: (row, out) => appendDigits(out, index(row), 5) };
    },
  }),
  defineGenerator({
    name: "address",
    about: "street, postcode, city and state in one line",
    options: NO_OPTIONS,
    compile(_, site) {
      const [names, kinds, towns, states] = [NAMES(), KINDS(), TOWNS(), STATE_NAMES()];
      const { index, number } = drawNumbered(site, names.count * kinds.count * POSTCODES);
      const [town, state] = [mixKeys(site.key, 1), mixKeys(site.key, 2)];
      const comma = encodeCopyText(", ");
      return {
        write(row, out) {
          const place = index(row);
          const street = Math.floor(place / POSTCODES);
          appendInteger(out, number(row) + (place % HOUSES) + 1);
          appendByte(out, SPACE);
          appendWord(out, names, Math.floor(street / kinds.count));
          appendByte(out, SPACE);
          appendWord(out, kinds, street % kinds.count);
          appendBytes(out, comma);
          appendDigits(out, place % POSTCODES, 5);
          appendByte(out, SPACE);
          appendWord(out, towns, drawBelow(town, row, towns.count));
          appendBytes(out, comma);
          appendWord(out, states, drawBelow(state, row, states.count));
        },
      };
    },
  }),
  defineWord("time_zone", "names of time zones", TIME_ZONES),
  defineWord("locale", "languages and regions, such as pt-BR", LOCALES),
  defineWord("currency", "three letters for a currency (ISO 4217)", CURRENCIES),
  defineWord("color", "colours", COLORS),
];
