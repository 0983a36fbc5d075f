import { expect, test } from "bun:test";
import { createProgress } from "../../../src/cli/progress.ts";

function setUp(redraw: boolean, columns = 120) {
  const lives: (string | undefined)[] = [];
  const notes: string[] = [];
  const clock = { ms: 0 };
  const output: Parameters<typeof createProgress>[0] = {
    note: (text) => notes.push(text),
    live: (line) => lives.push(line),
  };
  const progress = createProgress(output, { redraw, columns: () => columns, nowMs: () => clock.ms });
  return { lives, notes, clock, progress };
}

test("on a terminal the line is redrawn at most ten times a second", () => {
  const { lives, clock, progress } = setUp(true);
  for (clock.ms = 0; clock.ms < 1000; clock.ms += 10) progress({ phase: "dump", bytes: clock.ms * 1000 });
  expect(lives.length).toBe(10);
  expect(lives.at(-1)).toBe("dump  900.0 kB  1.0 MB/s");
});

test("with a total there is a bar; the subject stays until the next one", () => {
  const { lives, clock, progress } = setUp(true);
  progress({ phase: "restore", bytes: 0, totalBytes: 1000, subject: "public.users" });
  clock.ms = 500;
  progress({ phase: "restore", bytes: 500, totalBytes: 1000 });
  expect(lives.at(-1)).toBe("restore  ██████████░░░░░░░░░░  50%  500 B of 1.0 kB  1.0 kB/s  public.users");
});

test("the rate is that of the last seconds", () => {
  const { lives, clock, progress } = setUp(true);
  for (clock.ms = 0; clock.ms <= 10_000; clock.ms += 100) {
    progress({ phase: "dump", bytes: clock.ms < 5000 ? clock.ms * 10_000 : 50_000_000 });
  }
  expect(lives.at(-1)).toBe("dump  50.0 MB  0 B/s");
});

test("elsewhere a line every five seconds, the first after five", () => {
  const { notes, lives, clock, progress } = setUp(false);
  for (clock.ms = 0; clock.ms < 16_000; clock.ms += 100) progress({ phase: "dump", bytes: clock.ms * 1000 });
  expect(lives).toEqual([]);
  expect(notes).toEqual(["dump  5.0 MB  1.0 MB/s", "dump  10.0 MB  1.0 MB/s", "dump  15.0 MB  1.0 MB/s"]);
});

test("what does not fit the terminal is cut, and a name cannot break the line", () => {
  const { lives, progress } = setUp(true, 20);
  progress({ phase: "dump", subject: "a\nb\u001b[2Jccccccccccccccccccccccccc" });
  expect(lives[0]).toBe("dump  a\\nb\\x1b[2Jcc");
});
