/** Archives with some of their bytes changed: read, or refused in words; and what is read is what is there. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { readArchive } from "../../../src/archive/archive.ts";
import { withoutLeftOut } from "../../../src/archive/archive-stream.ts";
import { detectDump } from "../../../src/archive/detect-dump.ts";
import { scanPlain } from "../../../src/archive/scan.ts";
import { PgroveError } from "../../../src/errors.ts";
import { mutatedBytes } from "../../support/mutated.ts";
import { trials } from "../../support/property.ts";

const fixtures = join(import.meta.dir, "../../support/fixtures");
const folder = mkdtempSync(join(tmpdir(), "pgrove-archive-fuzz-"));
const file = join(folder, "a.dump");
afterAll(() => rmSync(folder, { recursive: true }));

/** What a reader says: its answer, or the refusal. Any other error is thrown. */
async function read<T>(reader: () => Promise<T>): Promise<T | PgroveError> {
  try {
    return await reader();
  } catch (error) {
    if (error instanceof PgroveError && error.message !== "" && error.hint !== undefined) return error;
    throw error;
  }
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700);
}

test.each(["archive-15.dump", "archive-18.dump"])("%s", async (name) => {
  const bytes = new Uint8Array(readFileSync(join(fixtures, name)));
  const property = fc.asyncProperty(mutatedBytes(bytes), async (changed) => {
    writeFileSync(file, changed);
    const kind = await read(() => detectDump(file));
    const archive = await read(() => readArchive(file));
    const streamed = await read(async () =>
      Buffer.concat(await Array.fromAsync(withoutLeftOut(inPieces(changed), () => undefined))),
    );
    if (kind instanceof PgroveError || archive instanceof PgroveError) return;
    for (const { place, definition } of archive.entries) {
      // What is said of an entry stands in the file.
      expect(new TextDecoder().decode(changed.subarray(place.start, place.end))).toBe(definition);
    }
    const nothingLeftOut = archive.entries.every(({ leftOut }) => leftOut.parts.length === 0);
    if (nothingLeftOut && !(streamed instanceof PgroveError)) expect(streamed.equals(changed)).toBe(true);
  });
  await fc.assert(property, trials(60, 5_000));
});

const script = `--
-- PostgreSQL database dump
--

-- Dumped from database version 17.2
-- Dumped by pg_dump version 17.2

SET standard_conforming_strings = on;
CREATE TABLE public.t (a text, b text DEFAULT E'it''s \\\\ here');
COPY public.t (a, b) FROM stdin;
one\\ttwo
\\\\N\\t\\\\.
\\.

CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $body$ select 1; $body$;
--
-- PostgreSQL database dump complete
--
`;

test("a script of pg_dump", async () => {
  const whole = new TextEncoder().encode(script);
  const property = fc.asyncProperty(mutatedBytes(whole), async (changed) => {
    writeFileSync(file, changed);
    await read(() => detectDump(file));
    await read(() => scanPlain(inPieces(changed), file));
  });
  await fc.assert(property, trials(100, 10_000));
});
