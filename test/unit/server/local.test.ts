import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAccounts, runAs } from "../../../src/server/local-account.ts";
import { candidateLocales, removeCluster } from "../../../src/server/local-cluster.ts";
import { parsePostmasterFile } from "../../../src/server/local-pid.ts";
import { choosePort, socketFolderFor } from "../../../src/server/local-postmaster.ts";
import { quoteForShell } from "../../../src/sys/shell-word.ts";

describe("a command of another user", () => {
  const command = { file: "/pg/initdb", args: ["-D", "/it's"], env: { LC_ALL: "C" }, secrets: [] };
  const account = { name: "postgres", uid: 101, gid: 104 };
  const only = (name: string) => (program: string) => program === name;

  test("is itself when nobody else is needed", () => {
    expect(runAs(undefined, command)).toBe(command);
  });

  test("goes through whichever program is there", () => {
    const line = (name: string) => {
      const { file, args } = runAs(account, command, only(name));
      return [file, ...args].join(" ");
    };
    expect(line("setpriv")).toBe("setpriv --reuid=101 --regid=104 --clear-groups -- /pg/initdb -D /it's");
    expect(line("runuser")).toBe("runuser -u postgres -- /pg/initdb -D /it's");
    expect(line("sudo")).toBe("sudo -n -u postgres -- /pg/initdb -D /it's");
    expect(line("none")).toBe(`su -s /bin/sh -c exec '/pg/initdb' '-D' '/it'\\''s' postgres`);
    expect(runAs(account, command, only("setpriv")).env).toEqual({ LC_ALL: "C" });
  });

  test("a quoted word comes back whole from a shell", () => {
    const word = `a'b "c" $d \`e\` \\`;
    const said = Bun.spawnSync(["sh", "-c", `printf %s ${quoteForShell(word)}`]).stdout.toString();
    expect(said).toBe(word);
  });

  test("accounts are read from a passwd file", () => {
    expect(readAccounts("root:x:0:0:root:/root:/bin/sh\n\nodd\npostgres:x:101:104::/var:/bin/bash\n")).toEqual([
      { name: "root", uid: 0, gid: 0 },
      { name: "postgres", uid: 101, gid: 104 },
    ]);
  });
});

test("settings that name a folder which pgrove does not make remove nothing", async () => {
  const root = mkdtempSync(join(tmpdir(), "pgrove-planted-"));
  try {
    const [folder, precious] = [join(root, "worktrees/id/local"), join(root, "precious")];
    for (const path of [folder, precious]) mkdirSync(path, { recursive: true });
    for (const home of [
      precious,
      "/var/lib/pgrove/../../precious",
      "/var/lib/pgrove",
      join(root, "0123456789ab-abcdef"),
    ]) {
      const settings = { version: 1, major: 17, port: 5432, user: "postgres", home };
      writeFileSync(join(folder, "settings.json"), JSON.stringify(settings));
      await expect(removeCluster(folder)).rejects.toMatchObject({ exit: 3 });
    }
    expect([existsSync(folder), existsSync(precious)]).toEqual([true, true]);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test("postmaster.pid tells port, start time and readiness; half a file tells nothing", () => {
  const text = "4242\n/data\n1768487422\n15500\n/sock\n127.0.0.1\n  5432001  32768\nready   \n";
  expect(parsePostmasterFile(text)).toEqual({
    pid: 4242,
    port: 15500,
    startedAt: "2026-01-15T14:30:22.000Z",
    ready: true,
  });
  expect(parsePostmasterFile(text.replace("ready   ", "starting"))?.ready).toBe(false);
  expect(parsePostmasterFile("4242\n/data\n")).toBeUndefined();
  expect(parsePostmasterFile("")).toBeUndefined();
});

test("the socket lies beside the data unless that path is too long or odd", () => {
  expect(socketFolderFor({ home: "/repo/.git/pgrove/local" }, 15500, 1000)).toBe("/repo/.git/pgrove/local/socket");
  const long = socketFolderFor({ home: `/${"x".repeat(90)}` }, 15500, 1000);
  expect(long).toMatch(/^\/tmp\/pgrove-1000-[0-9a-f]{12}$/);
  expect(socketFolderFor({ home: "/a b,c" }, 15500, 1000)).toStartWith("/tmp/pgrove-1000-");
  expect(socketFolderFor({ home: `/${"y".repeat(90)}` }, 15500, 1000)).not.toBe(long);
});

test("the port is the same for the same folder, and the next free one when it is taken", async () => {
  const first = await choosePort("/repo", () => Promise.resolve(true));
  expect(await choosePort("/repo", () => Promise.resolve(true))).toBe(first);
  expect(await choosePort("/repo", (port) => Promise.resolve(port !== first))).toBe(
    first === 25_431 ? 15_432 : first + 1,
  );
  await expect(choosePort("/repo", () => Promise.resolve(false))).rejects.toThrow("no port");
});

test("the locale is the user's own where it is UTF-8", () => {
  expect(candidateLocales({ LANG: "de_DE.UTF-8" })[0]).toBe("de_DE.UTF-8");
  expect(candidateLocales({ LANG: "de_DE.ISO-8859-1" })).toEqual(["en_US.UTF-8", "C.UTF-8", "C"]);
  expect(candidateLocales({ LC_ALL: "C.UTF-8", LANG: "de_DE.UTF-8" })).toEqual(["C.UTF-8", "en_US.UTF-8", "C"]);
});
