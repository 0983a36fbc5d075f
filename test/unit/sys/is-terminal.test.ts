import { expect, test } from "bun:test";
import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { isTerminal } from "../../../src/sys/is-terminal.ts";

const PTY_MASTER = "/dev/ptmx";

function ask(path: string): boolean {
  const descriptor = openSync(path, "r");
  try {
    return isTerminal(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

test("a terminal is one; files, folders, devices and what is closed are none", () => {
  expect(ask(PTY_MASTER)).toBe(true);
  for (const path of [import.meta.path, import.meta.dir, devNull, "/dev/zero"])
    expect([path, ask(path)]).toEqual([path, false]);
  const closed = openSync(PTY_MASTER, "r");
  closeSync(closed);
  expect(isTerminal(closed)).toBe(false);
  expect(isTerminal(-1)).toBe(false);
});
