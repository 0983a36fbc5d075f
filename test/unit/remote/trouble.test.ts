import { expect, test } from "bun:test";
import { busy, denied, persist } from "../../../src/remote/trouble.ts";

const abort = new AbortController().signal;

/** Counts how often it is called, and fails so often. */
function failing(times: number, error: () => Error) {
  const calls = { count: 0 };
  const body = async () => {
    if (calls.count++ < times) throw error();
    return "done";
  };
  return { calls, body };
}

test("what may pass by itself is tried again, anything else is not", async () => {
  const passing = failing(2, () => busy("s3://b", "SlowDown"));
  expect(await persist(passing.body, { abort })).toBe("done");
  expect(passing.calls.count).toBe(3);
  const lasting = failing(2, () => denied("s3://b", "AccessDenied", "ask"));
  await expect(persist(lasting.body, { abort })).rejects.toMatchObject({ code: "remote_denied" });
  expect(lasting.calls.count).toBe(1);
});

test("what was waited for in vain is not waited for once more by whoever asked for it", async () => {
  const error = busy("s3://b", "SlowDown");
  Reflect.set(error, "givenUp", true);
  const { calls, body } = failing(2, () => error);
  await expect(persist(body, { abort })).rejects.toBe(error);
  expect(calls.count).toBe(1);
});

test("Ctrl-C ends the waiting", async () => {
  const stop = new AbortController();
  const { body } = failing(Number.MAX_SAFE_INTEGER, () => busy("s3://b", "SlowDown", 60_000));
  const waiting = persist(body, { abort: stop.signal });
  queueMicrotask(() => stop.abort(new Error("interrupted")));
  await expect(waiting).rejects.toThrow("interrupted");
});
