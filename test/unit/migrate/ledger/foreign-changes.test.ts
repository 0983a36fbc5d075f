import { describe, expect, test } from "bun:test";
import type { CompanionState } from "../../../../src/migrate/ledger/companion.ts";
import {
  currentRows,
  findForeignChanges,
  recordedRow,
  requireNoForeignDoubt,
} from "../../../../src/migrate/ledger/foreign-changes.ts";
import type { Ledger } from "../../../../src/migrate/ledger/ledger.ts";
import type { Direction, LedgerRow } from "../../../../src/migrate/migration.ts";
import { filesOf } from "../../../support/migration-ledgers.ts";

const files = filesOf(["1_a", "3_b", "4_c", "7_d"]);

function row(version: number, doubt?: Direction): LedgerRow {
  const digits = String(version);
  const whole = recordedRow(
    { version: BigInt(version), digits, name: "" },
    { by: "ann", origin: "adopted", now: new Date(0) },
  );
  const failed = { direction: doubt ?? "up", statement: 1, error: "" };
  return doubt === undefined ? whole : { ...whole, success: false, failed };
}

function ledger(rows: readonly LedgerRow[], companion: CompanionState | undefined, exists = true): Ledger {
  const place = {
    ...{ database: "app", schema: "public", ledgerSchema: "pgrove", table: '"pgrove"."migrations"' },
    history: '"pgrove"."migration_history"',
    companion: {
      ...{ kind: companion?.kind ?? "golang-migrate", table: '"public"."schema_migrations"' },
      ...{ schemaName: "public", tableName: "schema_migrations" },
    },
  };
  return { place, exists, schemaExists: exists, rows, companion };
}

const at = (version: number | null, dirty = false): CompanionState => ({
  ...{ kind: "golang-migrate", version: version === null ? null : BigInt(version), dirty },
});
const list = (...digits: string[]): CompanionState => ({
  ...{ kind: "dbmate", versions: digits.map((each) => ({ version: BigInt(each), digits: each })) },
});

interface Case {
  says: string;
  rows: readonly LedgerRow[];
  companion: CompanionState | undefined;
  /** What counts as applied then. */
  current: number[];
  doubt?: bigint;
}

const CASES: readonly Case[] = [
  { says: "nothing is applied anywhere", rows: [], companion: at(null), current: [] },
  { says: "there is no other table", rows: [row(1)], companion: undefined, current: [1] },
  { says: "both say the same", rows: [row(1), row(3)], companion: at(3), current: [1, 3] },
  { says: "a gap is no difference", rows: [row(1), row(4)], companion: at(4), current: [1, 4] },
  { says: "first look: every file up to there", rows: [], companion: at(4), current: [1, 3, 4] },
  { says: "first look: at a version without a file", rows: [], companion: at(5), current: [1, 3, 4, 5] },
  { says: "it went on", rows: [row(1)], companion: at(4), current: [1, 3, 4] },
  { says: "it went on to a version without a file", rows: [row(1)], companion: at(6), current: [1, 3, 4, 6] },
  { says: "it went on behind a gap, which stays", rows: [row(1), row(4)], companion: at(7), current: [1, 4, 7] },
  { says: "it went back", rows: [row(1), row(3), row(4)], companion: at(1), current: [1] },
  { says: "it went back to what is a gap here", rows: [row(1), row(4)], companion: at(3), current: [1, 3] },
  { says: "it went back to nothing", rows: [row(1), row(3)], companion: at(null), current: [] },
  { says: "it failed half-way up", rows: [row(1)], companion: at(4, true), current: [1, 3], doubt: 4n },
  { says: "it failed half-way down", rows: [row(1), row(3)], companion: at(1, true), current: [1, 3], doubt: 1n },
  { says: "it failed on the last way down", rows: [row(1)], companion: at(null, true), current: [1], doubt: -1n },
  { says: "first look: it failed half-way", rows: [], companion: at(4, true), current: [1, 3], doubt: 4n },
  { says: "our own doubt, going up", rows: [row(1), row(3, "up")], companion: at(3, true), current: [1, 3] },
  { says: "our own doubt, going down", rows: [row(1), row(3, "down")], companion: at(1, true), current: [1, 3] },
  { says: "our own doubt, in the last down", rows: [row(1, "down")], companion: at(null, true), current: [1] },
  { says: "dbmate: both say the same", rows: [row(1), row(3)], companion: list("1", "003"), current: [1, 3] },
  { says: "dbmate: first look, exactly the set", rows: [], companion: list("1", "4"), current: [1, 4] },
  { says: "dbmate: two spellings are one version", rows: [], companion: list("4", "004"), current: [4] },
  { says: "dbmate: it has applied and taken back", rows: [row(1), row(3)], companion: list("3", "9"), current: [3, 9] },
  { says: "dbmate: our own doubt, going up", rows: [row(1), row(3, "up")], companion: list("1"), current: [1, 3] },
  { says: "dbmate: our own doubt, going down", rows: [row(1, "down")], companion: list("1"), current: [1] },
];

describe.each([...CASES])("$says", ({ rows, companion, current, doubt }) => {
  test("what counts as applied", () => {
    const before = ledger(rows, companion, rows.length > 0);
    const changes = findForeignChanges(before, files);
    expect(currentRows(before, changes).map(({ version }) => Number(version))).toEqual(current);
    expect(changes.doubt).toBe(doubt as bigint);
    // What is said is said of what changes, and of nothing else.
    expect(changes.sentences.length > 0).toBe(changes.add.length + changes.remove.length > 0);
  });

  test("it comes to rest: with these rows and the other table brought up to them, nothing has changed", () => {
    if (doubt !== undefined || companion === undefined) return;
    const after = currentRows(ledger(rows, companion), findForeignChanges(ledger(rows, companion), files));
    expect(findForeignChanges(ledger(after, companion), files)).toMatchObject({ add: [], remove: [] });
  });
});

describe("a doubt that somebody has settled with the other tool's force", () => {
  test.each([
    ["forward", [row(1), row(3, "up")], at(3), [1, 3]],
    ["back", [row(1), row(3, "up")], at(1), [1]],
    ["the down is undone", [row(1), row(3, "down")], at(3), [1, 3]],
    ["the down is done", [row(1), row(3, "down")], at(1), [1]],
    ["dbmate has applied it", [row(1), row(3, "up")], list("1", "3"), [1, 3]],
    ["dbmate has taken it back", [row(1), row(3, "down")], list("1"), [1]],
  ] as const)("%s", (_, rows, companion, current) => {
    const before = ledger(rows, companion);
    const after = currentRows(before, findForeignChanges(before, files));
    expect(after.map(({ version, success }) => [Number(version), success])).toEqual(
      current.map((each) => [each, true]),
    );
  });
});

describe("what is said", () => {
  const sentencesOf = (rows: readonly LedgerRow[], companion: CompanionState, exists = true) =>
    findForeignChanges(ledger(rows, companion, exists), files).sentences.join("\n");

  test.each([
    ["adopted", [], at(3), false, "golang-migrate has applied 1 a and 3 b; pgrove adopts its ledger"],
    ["went on", [row(1)], at(4), true, "golang-migrate has applied 3 b and 4 c since"],
    ["went back", [row(1), row(3)], at(1), true, "golang-migrate has taken back 3 since"],
    ["no file", [row(1)], list("1", "0009"), true, "dbmate has applied 0009 since\n0009 has no file here"],
  ] as const)("%s", (_, rows, companion, exists, expected) => {
    expect(sentencesOf(rows, companion, exists)).toBe(expected);
  });

  test("of many only the ends are named", () => {
    const many = filesOf(Array.from({ length: 40 }, (_, index) => `${index + 1}_m`));
    const [first] = findForeignChanges(ledger([], at(40), false), many).sentences;
    expect(first).toBe("golang-migrate has applied 1 m to 40 m (40 migrations); pgrove adopts its ledger");
  });
});

test("an adopted row keeps the file's down script, and vouches for no up script", () => {
  const [adopted] = findForeignChanges(ledger([], at(1), false), files).add;
  const down = files.migrations[0]?.down;
  expect(adopted).toMatchObject({ name: "a", origin: "adopted", appliedBy: "golang-migrate", upChecksum: null });
  expect(adopted).toMatchObject({ downScript: down?.sql, downChecksum: down?.checksum });
});

test("what golang-migrate has left half-way is refused, with the way out", () => {
  const before = ledger([row(1)], at(4, true));
  const changes = findForeignChanges(before, files);
  expect(() => requireNoForeignDoubt(before, changes)).toThrow("golang-migrate has failed at version 4");
  const last = ledger([row(1)], at(null, true));
  expect(() => requireNoForeignDoubt(last, findForeignChanges(last, files))).toThrow("took the first migration back");
});
