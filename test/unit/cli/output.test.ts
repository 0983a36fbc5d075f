import { describe, expect, test } from "bun:test";
import { describeFailure, renderFailure, renderFailureJson } from "../../../src/cli/failure.ts";
import { createOutput, OutputClosed, type OutputOptions } from "../../../src/cli/output.ts";
import { createPaint, wantsColor } from "../../../src/cli/terminal.ts";
import { failure, usageError } from "../../../src/errors.ts";

function record(options: Partial<OutputOptions> = {}) {
  const written = { stdout: "", stderr: "" };
  const output = createOutput({
    ...{ json: false, quiet: false, verbose: false, paint: createPaint(false) },
    sinks: {
      stdout: async (chunk) => {
        await Bun.sleep(1);
        written.stdout += typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk);
      },
      stderr: async (text) => {
        written.stderr += text;
      },
    },
    ...options,
  });
  return { output, written };
}

describe("output", () => {
  test("the answer goes to stdout, the story to stderr", async () => {
    const { output, written } = record();
    output.note("looking");
    await output.answer({ path: "/a" }, () => "/a");
    await output.flush();
    expect(written).toEqual({ stdout: "/a\n", stderr: "looking\n" });
  });

  test("under --json the answer is one document, and the text is never made", async () => {
    const { output, written } = record({ json: true });
    await output.answer({ path: "/a" }, () => {
      throw new Error("made");
    });
    expect(written.stdout).toBe('{"version":1,"path":"/a"}\n');
  });

  test("on a terminal, what is not text of ours is spelt out as well, and JSON stays the same document; in a pipe all is as it is", async () => {
    const pieces = ["a\u001b]0;x\u0007\n", "\u202eb", "é\n"].map((text) => Buffer.from(text));
    const cut = Buffer.from("é");
    for (const terminal of [true, false]) {
      const { output, written } = record({ terminal });
      for (const piece of [...pieces, cut.subarray(0, 1), cut.subarray(1)]) await output.show(piece);
      expect(written.stdout.startsWith("a\u001b")).toBe(!terminal);
      if (terminal) expect(written.stdout).toBe("a\\x1b]0;x\\x07\n\\u202ebé\né");
      const json = record({ terminal, json: true });
      await json.output.answer({ name: "\u009b\u202ex" }, () => "");
      expect(json.written.stdout.includes("\u202e")).toBe(!terminal);
      expect(JSON.parse(json.written.stdout).name).toBe("\u009b\u202ex");
    }
  });

  test("--quiet silences the story, not complaints; --verbose shows details", async () => {
    const quiet = record({ quiet: true });
    quiet.output.note("a");
    quiet.output.detail("b");
    quiet.output.live("c");
    await quiet.output.complain("error");
    expect(quiet.written.stderr).toBe("error\n");
    const verbose = record({ verbose: true });
    verbose.output.detail("b");
    await verbose.output.flush();
    expect(verbose.written.stderr).toBe("b\n");
    const usual = record();
    usual.output.detail("b");
    await usual.output.flush();
    expect(usual.written.stderr).toBe("");
  });

  test("secrets and control characters do not get into the story", async () => {
    const { output, written } = record();
    output.conceal(["tr0ub4dor"]);
    output.note("tr0ub4dor at postgres://me:hidden@host/db \u001b[2J");
    await output.flush();
    expect(written.stderr).toBe("*** at postgres://me:***@host/db \\x1b[2J\n");
  });

  test("notes go above the live line, and the answer finds it gone", async () => {
    const { output, written } = record();
    output.live("50%");
    output.note("halfway");
    await output.answer({}, () => "done");
    await output.flush();
    expect(written.stderr).toBe("\r\u001b[K50%\r\u001b[Khalfway\n50%\r\u001b[K");
    expect(written.stdout).toBe("done\n");
  });

  test("all of the story goes through consola, and can be listened to there", async () => {
    const { output, written } = record({ verbose: true });
    const heard: unknown[] = [];
    (await output.story()).mockTypes((type) => (text: unknown) => heard.push([type, text]));
    output.note("a");
    output.warn("b");
    output.detail("c");
    output.live("d");
    output.live(undefined);
    await output.complain("e");
    await output.flush();
    expect(heard).toEqual([
      ["info", "a"],
      ["warn", "b"],
      ["debug", "c"],
      ["start", "d"],
      ["start", ""],
      ["error", "e"],
    ]);
    expect(written).toEqual({ stdout: "", stderr: "" });
  });

  test("as a log each line is one JSON object, of its level and run, without secrets, and none is drawn again", async () => {
    const { output, written } = record({ log: true, verbose: true, paint: createPaint(true) });
    output.conceal(["tr0ub4dor"]);
    output.note("  before\ta run\n  and a second line");
    output.useRun("2026011514302200000000");
    output.warn(output.paint("red", "tr0ub4dor \u001b[2J"));
    output.live("50%");
    output.detail("c");
    await output.complain("d", {
      version: 1,
      error: { code: "x", message: "d", hint: "psql postgres://u:tr0ub4dor@h" },
    });
    await output.flush();
    const lines = written.stderr.trimEnd().split("\n");
    const error = { code: "x", message: "d", hint: "psql postgres://u:***@h" };
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const run = "2026011514302200000000";
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { time, level: "info", message: "before\ta run\n  and a second line" },
      { time, level: "warn", run, message: "***" },
      { time, level: "debug", run, message: "c" },
      { time, level: "error", run, message: "d", version: 1, error },
    ]);
    expect(written.stderr).not.toContain("\u001b");
  });

  test("a further reporter hears what is said, at the level that the options ask for", async () => {
    const { output } = record({ quiet: true });
    const heard: unknown[] = [];
    (await output.story()).addReporter({ log: ({ type, args }) => heard.push([type, ...args]) });
    output.note("a");
    output.warn("b");
    await output.complain("c");
    expect(heard).toEqual([["error", "c"]]);
  });

  test("what is said again and again is written again and again", async () => {
    const { output, written } = record();
    for (let count = 0; count < 50; count++) output.note("the same");
    await output.flush();
    expect(written.stderr).toBe("the same\n".repeat(50));
  });

  test("pieces keep their order", async () => {
    const { output, written } = record();
    void output.write("a");
    void output.write(new TextEncoder().encode("b"));
    await output.write("c");
    expect(written.stdout).toBe("abc");
  });

  test("a closed pipe: text may have been read enough of, bytes are missed", async () => {
    const closed = () => Promise.reject(Object.assign(new Error("EPIPE"), { code: "EPIPE" }));
    const { output } = record({ sinks: { stdout: closed, stderr: closed } });
    output.note("nobody reads stderr either");
    await output.answer({}, () => "text");
    const error = await output.write(new Uint8Array([1])).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(OutputClosed);
    expect(error).toMatchObject({ exit: 1 });
    await output.flush();
  });

  test("a full disk is a failure with words", async () => {
    const full = () => Promise.reject(Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }));
    const { output } = record({ sinks: { stdout: full, stderr: async () => undefined } });
    await expect(output.write("x")).rejects.toThrow("no space is left");
  });

  test("a story that could not be written is a failure at the end", async () => {
    const full = () => Promise.reject(Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }));
    const { output } = record({ sinks: { stdout: async () => undefined, stderr: full } });
    output.note("looking");
    await output.answer({}, () => "text");
    await expect(output.flush()).rejects.toMatchObject({ code: "output_failed", exit: 1 });
    const silent = record({ sinks: { stdout: async () => undefined, stderr: full } }).output;
    await silent.answer({}, () => "text");
    await silent.flush();
  });
});

describe("failures", () => {
  test("one line for what happened, one for the hint, the rest indented below", () => {
    const text = renderFailure(describeFailure(failure("x", "first\nsecond", "try this\nor that"), false));
    expect(text).toBe("error: first\n       second\nhint:  try this\n       or that");
  });

  test("as JSON", () => {
    const text = renderFailureJson(describeFailure(usageError("wrong"), false));
    expect(JSON.parse(text)).toEqual({ version: 1, error: { code: "usage", message: "wrong", hint: null } });
  });

  test("anything else is a bug of ours; the stack only under --verbose", () => {
    const bug = new TypeError("undefined is not a function");
    expect(describeFailure(bug, false)).toMatchObject({ code: "bug", exit: 1 });
    expect(describeFailure(bug, false).message).toBe("pgrove has a bug: undefined is not a function");
    expect(describeFailure(bug, true).message).toContain("output.test.ts");
    for (const code of ["ECONNRESET", "CONNECTION_CLOSED", "57P05"]) {
      const lost = Object.assign(new Error("it has gone"), { code });
      expect(describeFailure(lost, false)).toMatchObject({ code: "connection_lost", exit: 1 });
    }
    expect(describeFailure("thrown text", false).message).toBe("pgrove has a bug: thrown text");
  });
});

test("colours only on a terminal, and never against NO_COLOR, CI, TERM=dumb or --no-color", () => {
  const yes = { color: true };
  expect(wantsColor(true, { TERM: "xterm" }, yes)).toBe(true);
  expect(wantsColor(false, {}, yes)).toBe(false);
  expect(wantsColor(true, { NO_COLOR: "1" }, yes)).toBe(false);
  expect(wantsColor(true, { NO_COLOR: "" }, yes)).toBe(true);
  expect(wantsColor(true, { CI: "true" }, yes)).toBe(false);
  expect(wantsColor(true, { TERM: "dumb" }, yes)).toBe(false);
  expect(wantsColor(true, {}, { color: false })).toBe(false);
});
