import { expect, test } from "bun:test";
import { PgroveError } from "../../../src/errors.ts";
import type { Target } from "../../../src/resolve/target.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import { openForSessions } from "../../../src/work/open-sessions.ts";
import { findFreePort } from "../../support/free-port.ts";
import { patiently } from "../../support/patience.ts";

function targetAt(port: number, host = "127.0.0.1"): Target {
  const connection = { host, port, user: "u", database: "d", parameters: {} };
  return { server: { kind: "url", connection }, login: {}, label: "d", name: "d", protected: false };
}

async function open(target: Target, waitMs: number, abort = new AbortController().signal) {
  const notes: string[] = [];
  const tools = {
    runner: systemRunner,
    clientImage: "",
    stageParent: "/tmp",
    note: (text: string) => notes.push(text),
  };
  const outcome = await openForSessions(target, tools, { waitMs, abort }).catch((error: unknown) => error);
  return { notes, outcome };
}

test("without patience nothing is asked beforehand, and the toolbox has no programs", async () => {
  const { outcome, notes } = await open(targetAt(await findFreePort()), 0);
  if (outcome instanceof Error || typeof outcome !== "object" || outcome === null) throw outcome;
  expect([Reflect.get(outcome, "database"), notes]).toEqual(["d", []]);
});

test("a server that never comes: waited for, said once, and the reason told", async () => {
  const { outcome, notes } = await open(targetAt(await findFreePort()), patiently(1_000));
  expect(outcome).toBeInstanceOf(PgroveError);
  expect(outcome).toMatchObject({ exit: 4, code: "server_down" });
  expect(notes).toEqual([expect.stringMatching(/^waiting: nothing answers at 127.0.0.1:\d+/)]);
});

test("an interruption ends the wait", async () => {
  const reason = new Error("stopped");
  const { outcome } = await open(targetAt(await findFreePort()), 60_000, AbortSignal.abort(reason));
  expect(outcome).toBe(reason);
});
