/** What others do between the moment in which pgrove looks and the one in which it acts. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Toolbox } from "../../../src/postgres/toolbox.ts";
import { ensureIdentity, listWorktrees } from "../../../src/repo/worktree.ts";
import { allocateRow } from "../../../src/worktree/allocate.ts";
import { ensureData } from "../../../src/worktree/data.ts";
import { findLeftovers } from "../../../src/worktree/leftovers.ts";
import { openMain } from "../../../src/worktree/open-main.ts";
import { pruneLeftovers, removeLeftover } from "../../../src/worktree/prune.ts";
import { sharedServer } from "../../support/engine/server.ts";
import { Grove } from "../../support/worktrees/grove.ts";
import { makeTools } from "../../support/worktrees/tools.ts";

let grove: Grove;

beforeAll(async () => {
  grove = await Grove.create(await sharedServer(18));
});
afterAll(() => grove[Symbol.asyncDispose]());

/** The toolbox; before its second session something else happens. */
function interposing(toolbox: Toolbox, happens: () => Promise<void>): Toolbox {
  let sessions = 0;
  const connect: Toolbox["connect"] = async (...args) => {
    sessions += 1;
    if (sessions === 2) await happens();
    return await toolbox.connect(...args);
  };
  return new Proxy(toolbox, { get: (target, name) => (name === "connect" ? connect : Reflect.get(target, name)) });
}

test.each(["copy", "empty"] as const)(
  "a database that somebody makes under the chosen name is not replaced (%s)",
  async (kind) => {
    await grove.git(["worktree", "add", "-q", grove.at(kind)]);
    const tools = await makeTools(grove);
    const { runner } = tools.operation;
    const worktree = (await listWorktrees(tools.repository, runner)).find(({ branch }) => branch === kind);
    if (worktree === undefined) throw new Error("no worktree");
    const data = kind === "copy" ? { kind, source: "main" } : { kind };
    const row = await allocateRow(tools, { worktree, data, ports: {} });
    const main = await openMain(tools, false);
    const stranger = async () => {
      await grove.sql.unsafe(`create database ${row.database}`);
      await grove.ask(row.database, "create table precious ()");
    };
    const making = ensureData(tools, row, {
      ...{ as: "new", repository: await ensureIdentity(tools.repository.commonDir), start: false },
      ...{
        dumps: { storeDir: "", cwd: "", home: "" },
        approveForeign: async () => undefined,
        whenBusy: async () => "stream" as const,
      },
      main: { ...main, toolbox: interposing(main.toolbox, stranger) },
    });
    await expect(making).rejects.toMatchObject({ code: "made_meanwhile", exit: 5 });
    expect(await grove.ask(row.database, "select to_regclass('precious')::text")).toBe("precious");
    await grove.ok(["provision", kind]);
    expect(await grove.ask(row.database, "select to_regclass('precious')::text")).toBe("precious");
    expect(await grove.ok(["url", kind])).toMatch(new RegExp(`/${row.database}_[0-9a-f]{8}$`));
  },
);

describe("a worktree that comes back while prune asks", () => {
  /** A worktree that is certainly gone, as `prune` finds it, and the way back. */
  async function leave(name: string) {
    const made = await grove.make(name);
    // Deeper than it is looked for: it counts as gone.
    const away = grove.repo.path(`away-${name}`, "a", "b", "c");
    await mkdir(dirname(away), { recursive: true });
    await rename(made.path, away);
    const tools = await makeTools(grove);
    const leftover = (await findLeftovers(tools)).find(({ row }) => row.name === name);
    if (leftover === undefined) throw new Error("nothing is left over");
    expect(leftover.doubt).toBeUndefined();
    return { made, away, tools, leftover };
  }

  async function expectWhole({ name, database }: { name: string; database: string }): Promise<void> {
    expect(await grove.ok(["url", name])).toEndWith(`/${database}`);
    expect(await grove.ask(database, "select count(*)::int from item")).toBe(50);
  }

  test("to its place is left alone", async () => {
    const { made, away, tools, leftover } = await leave("away");
    await rename(away, made.path);
    await expect(pruneLeftovers(tools, { park: [], drop: [leftover] })).rejects.toMatchObject({
      code: "worktree_back",
      exit: 5,
    });
    await expect(removeLeftover(tools, leftover, false)).rejects.toMatchObject({ code: "worktree_back", exit: 5 });
    await expectWhole(made);
  });

  test("to another one is left alone as well, where it can be seen", async () => {
    const { made, away, tools, leftover } = await leave("elsewhere");
    const there = grove.at("other-name");
    await rename(away, there);
    const refused = await pruneLeftovers(tools, { park: [], drop: [leftover] }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "worktree_back", exit: 5, hint: `git worktree repair ${there}` });
    await expectWhole(made);
  });
});
