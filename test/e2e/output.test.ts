/**
 * What stdout and stderr may be, on the compiled program: whatever it is, an answer arrives byte for byte, or it is a
 * failure; a story arrives byte for byte, or to where nobody listens any more.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, constants, openSync, read, readFileSync, readlinkSync, writeSync } from "node:fs";
import { runOk, waitFor } from "../support/engine/run.ts";
import { sharedServer } from "../support/engine/server.ts";
import { binary, inContainer, makeRepo, type Repo } from "../support/faults/program.ts";

let repo: Repo;

beforeAll(async () => {
  const server = await sharedServer(17);
  repo = await makeRepo(inContainer(server.container, "postgres"));
});

afterAll(() => repo.remove());

const ROWS = 30_000;
const SELECT = `select i as id, md5(i::text) as hash, repeat(chr(65 + i % 26), 1 + i % 40) as text from generate_series(1, ${ROWS}) i`;
const CSV = ["sql", "-c", SELECT, "--format", "csv"];
const JSON_DOCUMENT = ["sql", "-c", SELECT, "--json"];

function rows() {
  return Array.from({ length: ROWS }, (_, index) => {
    const id = index + 1;
    const hash = new Bun.CryptoHasher("md5").update(String(id)).digest("hex");
    return { id, hash, text: String.fromCharCode(65 + (id % 26)).repeat(1 + (id % 40)) };
  });
}

function expectedCsv(): string {
  return ["id,hash,text", ...rows().map(({ id, hash, text }) => `${id},${hash},${text}`), ""].join("\n");
}

const NOTICES = 15_000;
const STORY = [
  "sql",
  "-c",
  `do $$ begin for i in 1..${NOTICES} loop raise notice 'row % %', i, repeat('x', 1 + i % 120); end loop; end $$`,
];

function expectedStory(): string {
  const lines = Array.from(
    { length: NOTICES },
    (_, index) => `row ${index + 1} ${"x".repeat(1 + ((index + 1) % 120))}`,
  );
  return lines.map((line) => `sql:1: NOTICE:  ${line}\n`).join("");
}

const sha256 = (content: string | Uint8Array) => new Bun.CryptoHasher("sha256").update(content).digest("hex");

/**
 * Runs it with that descriptor as its stdout, and closes ours behind it. By a shell: whoever starts programs from here
 * makes their first three descriptors blocking ones. `shared` is called before ours is closed.
 */
async function runInto(into: number, args: readonly string[], shared?: (into: number) => void) {
  const child = Bun.spawn(["sh", "-c", 'exec "$@" >&3 3>&-', "sh", binary, ...args], {
    ...{ cwd: repo.folder, env: repo.environment(), stdio: ["ignore", "ignore", "pipe", into] },
  });
  const [code, stderr] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  shared?.(into);
  closeSync(into);
  return { code, stderr };
}

/** The same with its stderr. */
async function tellInto(into: number, args: readonly string[], shared?: (into: number) => void) {
  const child = Bun.spawn(["sh", "-c", 'exec "$@" 2>&3 3>&-', "sh", binary, ...args], {
    ...{ cwd: repo.folder, env: repo.environment(), stdio: ["ignore", "pipe", "ignore", into] },
  });
  const [code, stdout] = await Promise.all([child.exited, new Response(child.stdout).text()]);
  shared?.(into);
  closeSync(into);
  return { code, stdout };
}

let made = 0;

/** Both ends of a pipe that has a name. The writing one is a non-blocking one where it is asked for. */
async function makePipe(nonBlocking: boolean) {
  const path = repo.path(`pipe-${made++}`);
  await runOk("mkfifo", [path]);
  const from = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const into = openSync(path, constants.O_WRONLY | (nonBlocking ? constants.O_NONBLOCK : 0));
  expect(isNonBlocking(into)).toBe(nonBlocking);
  return { from, into };
}

function isNonBlocking(descriptor: number): boolean {
  const flags = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1] ?? "";
  return (Number.parseInt(flags, 8) & constants.O_NONBLOCK) !== 0;
}

/** Reads to the end, or so many bytes; between two pieces it waits as long as it is told. */
async function readPipe(from: number, { pauseMs = 0, most = Number.POSITIVE_INFINITY } = {}): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let bytes = 0; bytes < most; ) {
    const piece = await readSome(from);
    if (piece === undefined) await Bun.sleep(1);
    else if (piece.length === 0) break;
    else {
      pieces.push(piece);
      bytes += piece.length;
      if (pauseMs > 0) await Bun.sleep(pauseMs);
    }
  }
  closeSync(from);
  return Buffer.concat(pieces);
}

function readSome(from: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    read(from, Buffer.alloc(50_000), 0, 50_000, null, (error, count, buffer) => {
      if (!error) resolve(buffer.subarray(0, count));
      else if (error.code === "EAGAIN") resolve(undefined);
      else reject(error);
    });
  });
}

const kinds = [
  ["a pipe", false, 0],
  ["a pipe that is read slowly", false, 3],
  ["a non-blocking pipe", true, 0],
  ["a non-blocking pipe that is read slowly", true, 3],
] as const;

describe("more than a megabyte is whole", () => {
  test.each(kinds)("in %s, which stays as it was", async (_, nonBlocking, pauseMs) => {
    const { from, into } = await makePipe(nonBlocking);
    const reading = readPipe(from, { pauseMs });
    // The next command of a shell script shares the pipe.
    const shared = (pipe: number) => expect(isNonBlocking(pipe)).toBe(nonBlocking);
    expect(await runInto(into, CSV, shared)).toEqual({ code: 0, stderr: "" });
    const received = await reading;
    expect(received.length).toBeGreaterThan(1 << 20);
    expect(sha256(received)).toBe(sha256(expectedCsv()));
  });

  test("as text of one piece, in a non-blocking pipe", async () => {
    const { from, into } = await makePipe(true);
    const reading = readPipe(from, { pauseMs: 1 });
    expect(await runInto(into, JSON_DOCUMENT)).toEqual({ code: 0, stderr: "" });
    const document: unknown = JSON.parse((await reading).toString());
    expect(document).toEqual({ version: 1, results: [{ command: "SELECT", count: ROWS, rows: rows() }] });
  });

  test("in a socket", async () => {
    const child = Bun.spawn([binary, ...CSV], {
      ...{ cwd: repo.folder, env: repo.environment(), stdin: "ignore", stdout: "pipe", stderr: "inherit" },
    });
    expect(readlinkSync(`/proc/${child.pid}/fd/1`)).toStartWith("socket:");
    const received = await new Response(child.stdout).bytes();
    expect(await child.exited).toBe(0);
    expect(sha256(received)).toBe(sha256(expectedCsv()));
  });

  test("in a file, behind what is there", async () => {
    const path = repo.path("answer.csv");
    await Bun.write(path, "before\n");
    expect(await runInto(openSync(path, "a"), CSV)).toEqual({ code: 0, stderr: "" });
    expect(sha256(readFileSync(path))).toBe(sha256(`before\n${expectedCsv()}`));
  });
});

describe("the version, which has a way out of its own, is whole", () => {
  test.each([false, true])("in a pipe that was full when it was written (non-blocking: %p)", async (nonBlocking) => {
    const { from, into } = await makePipe(nonBlocking);
    const filled = writeSync(into, Buffer.alloc(PIPE_CAPACITY));
    const child = Bun.spawn(["sh", "-c", 'exec "$@" >&3 3>&-', "sh", binary, "--version"], {
      ...{ cwd: repo.folder, env: repo.environment(), stdio: ["ignore", "ignore", "inherit", into] },
    });
    closeSync(into);
    await waitFor("the version to wait for room", 10_000, async () => waitsForRoom(child.pid), 2);
    const received = await readPipe(from);
    expect(received.subarray(filled).toString()).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await child.exited).toBe(0);
  });

  test("in a file, behind what is there", async () => {
    const path = repo.path("version.txt");
    await Bun.write(path, "before\n");
    expect(await runInto(openSync(path, "a"), ["-V"])).toEqual({ code: 0, stderr: "" });
    expect(readFileSync(path, "utf8")).toMatch(/^before\n\d+\.\d+\.\d+\n$/);
  });
});

/** Of a pipe that nobody has made larger. */
const PIPE_CAPACITY = 65_536;

/** Whether it sleeps in its write, or until it may write again. */
function waitsForRoom(pid: number): boolean {
  return /pipe|poll/.test(readFileSync(`/proc/${pid}/wchan`, "utf8"));
}

describe("more than a megabyte of story is whole", () => {
  test.each(kinds)("in %s, which stays as it was", async (_, nonBlocking, pauseMs) => {
    const { from, into } = await makePipe(nonBlocking);
    const reading = readPipe(from, { pauseMs });
    const shared = (pipe: number) => expect(isNonBlocking(pipe)).toBe(nonBlocking);
    expect(await tellInto(into, STORY, shared)).toEqual({ code: 0, stdout: "DO\n" });
    const received = await reading;
    expect(received.length).toBeGreaterThan(1 << 20);
    expect(sha256(received)).toBe(sha256(expectedStory()));
  });

  test("in a socket", async () => {
    const child = Bun.spawn([binary, ...STORY], {
      ...{ cwd: repo.folder, env: repo.environment(), stdin: "ignore", stdout: "ignore", stderr: "pipe" },
    });
    expect(readlinkSync(`/proc/${child.pid}/fd/2`)).toStartWith("socket:");
    const received = await new Response(child.stderr).bytes();
    expect(await child.exited).toBe(0);
    expect(sha256(received)).toBe(sha256(expectedStory()));
  });

  test.each([false, true])("until its reader leaves: the command goes on (non-blocking: %p)", async (nonBlocking) => {
    const { from, into } = await makePipe(nonBlocking);
    const reading = readPipe(from, { most: 200_000 });
    expect(await tellInto(into, STORY)).toEqual({ code: 0, stdout: "DO\n" });
    const received = await reading;
    expect(sha256(received)).toBe(sha256(expectedStory().slice(0, received.length)));
  });
});

describe("what cannot be whole", () => {
  test.each([false, true])("a reader that leaves in the middle: exit 1, no words (non-blocking: %p)", async (flag) => {
    const { from, into } = await makePipe(flag);
    const reading = readPipe(from, { most: 200_000 });
    expect(await runInto(into, CSV)).toEqual({ code: 1, stderr: "" });
    const received = await reading;
    expect(sha256(received)).toBe(sha256(expectedCsv().slice(0, received.length)));
  });

  test.each([["csv"], ["json"]])("a full disk: exit 1, and it is said (%s)", async (format) => {
    const ended = await runInto(openSync("/dev/full", "w"), ["sql", "-c", SELECT, "--format", format]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("no space is left");
  });

  test.each([[["--version"]], [["--help"]]])("a full disk, for the little that %j says", async (args) => {
    const ended = await runInto(openSync("/dev/full", "w"), args);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/^error: .*no space is left/);
  });
});

describe("what goes nowhere is a failure, and what was not to be said is none", () => {
  const SHORT = ["sql", "-c", "do $$ begin raise notice 'said'; end $$"];
  const cases = [
    ["--version >&-", 1],
    ["--help >&-", 1],
    ["--version 2>&-", 0],
    ["--help 2>/dev/full", 0],
    ["nonsense 2>&-", 2],
    ["nonsense 2>/dev/full", 2],
    ["$SHORT >&-", 1],
    ["$SHORT 2>&-", 1],
    ["$SHORT 2>/dev/full", 1],
    ["$LONG 2>/dev/full", 1],
    ["$SHORT >/dev/null 2>/dev/null", 0],
  ] as const;
  const quote = (args: readonly string[]) => args.map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(" ");

  test.each(cases)("%s: exit %i", async (line, code) => {
    const script = line.replace("$SHORT", () => quote(SHORT)).replace("$LONG", () => quote(STORY));
    const child = Bun.spawn(["sh", "-c", `'${binary}' ${script}`], {
      ...{ cwd: repo.folder, env: repo.environment(), stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    });
    const [stdout, stderr, ended] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    expect({ ended, stdout, stderr }).toMatchObject({ ended: code });
    if (code === 1 && line.includes(">&-") && !line.includes("2>")) expect(stderr).toContain("could not be written");
  });
});

describe("a reader that has gone before anything was said", () => {
  async function intoNobody(args: readonly string[]) {
    const { from, into } = await makePipe(false);
    closeSync(from);
    return await runInto(into, args);
  }

  test.each([[["--version"]], [["--help"]], [["dumps", "list", "-q"]]])(
    "%j has done what it was to do",
    async (args) => {
      expect(await intoNobody(args)).toEqual({ code: 0, stderr: "" });
    },
  );

  test("what says by its exit code that there are problems still says so", async () => {
    const absent = await makeRepo(inContainer("there-is-no-such-container", "shop"));
    const args = ["doctor", "-C", absent.folder];
    const read = await repo.run(args);
    expect(read.code).not.toBe(0);
    expect(await intoNobody(args)).toMatchObject({ code: read.code });
    await absent.remove();
  });
});
