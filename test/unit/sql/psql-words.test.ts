import { describe, expect, test } from "bun:test";
import { PsqlWords } from "../../../src/sql/psql-words.ts";
import { ToolError } from "../../../src/sys/tool-error.ts";

const ENDED = { program: "psql", argv: [], exitCode: 3, signal: undefined, stderr: [], aborted: false, lost: false };
const FAILED = new ToolError(ENDED);

function hear(...lines: string[]) {
  const told: string[] = [];
  const words = new PsqlWords(
    (line) => told.push(line),
    (line) => line.replace("psql:<stdin>", "fix.sql"),
  );
  for (const line of lines) words.line(line);
  return { told, words };
}

const NOTICE = "psql:<stdin>:1: NOTICE:  import: ERROR: none found";
const ERROR = ["psql:<stdin>:7: ERROR:  syntax error", "LINE 1: selct 1", "        ^"];

describe("what psql says", () => {
  test("a notice is told as it comes, all of its lines, whatever words are in it", () => {
    const { told, words } = hear(NOTICE, "FATAL: of two lines", "", "psql:<stdin>:2: WARNING:  PANIC: no");
    expect(told).toEqual([
      "fix.sql:1: NOTICE:  import: ERROR: none found",
      "FATAL: of two lines",
      "fix.sql:2: WARNING:  PANIC: no",
    ]);
    expect(words.failure(FAILED)).toBeUndefined();
  });

  test("what psql fails with is its last message, with the lines that belong to it", () => {
    const { told, words } = hear(NOTICE, ...ERROR, "");
    expect(told).toHaveLength(1);
    expect(words.failure(FAILED)).toEqual(["fix.sql:7: ERROR:  syntax error", "LINE 1: selct 1", "        ^"]);
  });

  test("in another language only the exit code tells a notice from an error", () => {
    const german = [
      "psql:<stdin>:1: HINWEIS:  eins",
      "psql:<stdin>:2: WARNUNG:  zwei",
      "psql:<stdin>:3: FEHLER:  drei",
    ];
    const failed = hear(...german, "ZEILE 1: selct");
    expect(failed.words.failure(FAILED)).toEqual(["fix.sql:3: FEHLER:  drei", "ZEILE 1: selct"]);
    expect(failed.told).toEqual(["fix.sql:1: HINWEIS:  eins", "fix.sql:2: WARNUNG:  zwei"]);
    const well = hear(...german);
    well.words.tellRest();
    expect(well.told.at(-1)).toBe("fix.sql:3: FEHLER:  drei");
  });

  test("many notices of one statement, in a language that is not known, keep nothing back but the last", () => {
    const many = Array.from({ length: 1000 }, (_, index) => `psql:<stdin>:9: HINWEIS:  ${index}`);
    const { told, words } = hear(...many, "psql:<stdin>:9: FEHLER:  Ende");
    expect(told.length).toBeGreaterThan(990);
    expect(words.failure(FAILED)?.at(-1)).toBe("fix.sql:9: FEHLER:  Ende");
  });

  test("a connection that was lost says so in three messages, one that was never made in one", () => {
    const lost = [
      "psql:<stdin>:3: FATAL:  terminating connection due to administrator command",
      "psql:<stdin>:3: server closed the connection unexpectedly",
      "\tThis probably means the server terminated abnormally",
      "psql:<stdin>:3: error: connection to server was lost",
    ];
    expect(hear(NOTICE, ...lost).words.failure(FAILED)).toHaveLength(4);
    const never = 'psql: error: connection to server on socket "/s" failed: FATAL:  role "x" does not exist';
    expect(hear(never).words.failure(FAILED)).toEqual([never]);
  });

  test("an error that psql went on behind was no failure", () => {
    const { told, words } = hear(...ERROR, "psql:<stdin>:9: NOTICE:  went on");
    expect(told).toHaveLength(4);
    expect(words.failure(FAILED)).toBeUndefined();
  });

  test("what was interrupted or lost has failed for another reason", () => {
    for (const how of [{ aborted: true }, { lost: true }]) {
      const { told, words } = hear(...ERROR);
      expect(words.failure(new ToolError({ ...ENDED, ...how }))).toBeUndefined();
      expect(told).toHaveLength(3);
    }
    expect(hear(...ERROR).words.failure(new Error("the disk is full"))).toBeUndefined();
  });
});
