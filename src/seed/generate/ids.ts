/** Keys: sequences, uuids of versions 4 and 7, sha256 digests and plain row numbers. */
import * as v from "valibot";
import type { ByteSink } from "../entity.ts";
import { appendHex, appendInteger } from "./append.ts";
import { readInstant } from "./calendar.ts";
import { drawBase, drawWord } from "./mix.ts";
import { defineGenerator, type GeneratorDefinition, NO_OPTIONS } from "./site.ts";

const HYPHEN = 45;

/** Two hexadecimal digits for each byte. */
const HEX_PAIRS = new TextEncoder().encode(
  Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join(""),
);

function putByte(bytes: Uint8Array, at: number, byte: number): void {
  const pair = (byte & 255) << 1;
  bytes[at] = HEX_PAIRS[pair] ?? 0;
  bytes[at + 1] = HEX_PAIRS[pair + 1] ?? 0;
}

function putHalf(bytes: Uint8Array, at: number, bits: number): void {
  putByte(bytes, at, bits >>> 8);
  putByte(bytes, at + 2, bits);
}

/** Appends four words as a uuid, whose version and variant they hold already. */
function appendUuid(out: ByteSink, first: number, second: number, third: number, fourth: number): void {
  out.room(36);
  const { bytes, length: at } = out;
  putHalf(bytes, at, first >>> 16);
  putHalf(bytes, at + 4, first);
  bytes[at + 8] = HYPHEN;
  putHalf(bytes, at + 9, second >>> 16);
  bytes[at + 13] = HYPHEN;
  putHalf(bytes, at + 14, second);
  bytes[at + 18] = HYPHEN;
  putHalf(bytes, at + 19, third >>> 16);
  bytes[at + 23] = HYPHEN;
  putHalf(bytes, at + 24, third);
  putHalf(bytes, at + 28, fourth >>> 16);
  putHalf(bytes, at + 32, fourth);
  out.length = at + 36;
}

/** Bits 12 to 15 of the second word are the version, the highest two of the third are binary 10: RFC 9562. */
function withVersion(word: number, version: number): number {
  return (word & ~0xf000) | (version << 12);
}

function withVariant(word: number): number {
  return (word & 0x3fffffff) | 0x80000000;
}

const SEQUENCE_OPTIONS = v.strictObject({
  start: v.optional(v.pipe(v.number(), v.safeInteger())),
  step: v.optional(v.pipe(v.number(), v.safeInteger(), v.notValue(0)), 1),
});

const UUID7_OPTIONS = v.strictObject({
  /** The field of the row whose time it carries. */
  at: v.optional(v.string()),
  /** Without one: where its times begin, one second and a part apart. */
  from: v.optional(v.string(), "-1y"),
});

/** Between two rows' times, where no field gives them. */
const UUID7_STEP_MS = 1_000;

export const IDS: readonly GeneratorDefinition[] = [
  defineGenerator({
    name: "sequence",
    about: "start, start + step, …; an identity column goes on behind the rows that are there",
    options: SEQUENCE_OPTIONS,
    fits: ["int2", "int4", "int8", "numeric", "float4", "float8", "oid"],
    compile({ start, step }, site) {
      const firstKey = site.entity.firstKeys.get(site.field);
      const base = start ?? (firstKey === undefined ? 1 : Number(firstKey) - site.entity.firstRow * step);
      if (!Number.isSafeInteger(base))
        throw site.mistake(`its keys begin at ${firstKey}, beyond what numbers count exactly`);
      return { write: (row, out) => appendInteger(out, base + row * step) };
    },
  }),
  defineGenerator({
    name: "row",
    about: "the row's number, from 1",
    options: NO_OPTIONS,
    fits: ["int2", "int4", "int8", "numeric", "float4", "float8", "oid"],
    compile: () => ({ write: (row, out) => appendInteger(out, row + 1) }),
  }),
  defineGenerator({
    name: "uuid",
    about: "uuids of version 4",
    options: NO_OPTIONS,
    fits: ["uuid"],
    compile(_, site) {
      const { key } = site;
      return {
        write(row, out) {
          const base = drawBase(key, row);
          const second = withVersion(drawWord(base, 1), 4);
          appendUuid(out, drawWord(base, 0), second, withVariant(drawWord(base, 2)), drawWord(base, 3));
        },
      };
    },
  }),
  defineGenerator({
    name: "uuid_v7",
    about: "uuids of version 7, ordered by time: that of the field named in `at`, or a second after the row before",
    options: UUID7_OPTIONS,
    fits: ["uuid"],
    compile({ at, from }, site) {
      const fromMs = readInstant(from, site.nowMs);
      if (fromMs === undefined)
        throw site.mistake(`${JSON.stringify(from)} is no time`, "write it as -90d or 2025-03-01");
      const ofField = at === undefined ? undefined : site.fieldCell(at).instant;
      if (at !== undefined && ofField === undefined) throw site.mistake(`${at} is no field that is made as a time`);
      const instant = ofField ?? ((row: number) => fromMs + row * UUID7_STEP_MS);
      const { key } = site;
      return {
        write(row, out) {
          const base = drawBase(key, row);
          const ms = instant(row);
          const high = Math.floor(ms / 65_536);
          const second = withVersion(((ms - high * 65_536) << 16) | (drawWord(base, 1) & 0xffff), 7);
          appendUuid(out, high, second, withVariant(drawWord(base, 2)), drawWord(base, 3));
        },
      };
    },
  }),
  defineGenerator({
    name: "sha256",
    about: "64 hexadecimal digits, as a SHA-256 digest is written",
    options: NO_OPTIONS,
    compile(_, site) {
      return {
        write(row, out) {
          const base = drawBase(site.key, row);
          for (let word = 0; word < 8; word++) appendHex(out, drawWord(base, word), 8);
        },
      };
    },
  }),
];
