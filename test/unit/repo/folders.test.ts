import { describe, expect, test } from "bun:test";
import { stateDir } from "../../../src/repo/state.ts";
import { dumpStoreDir, folderName, type StoreQuestion } from "../../../src/repo/store-dir.ts";

describe("stateDir", () => {
  test("goes with the repository, shared by its worktrees", () => {
    expect(stateDir({ commonDir: "/r/.git" }, { XDG_STATE_HOME: "/s" }, "/h")).toBe("/r/.git/pgrove");
  });

  test("outside git, XDG_STATE_HOME, else its default; a relative one is ignored", () => {
    expect(stateDir(undefined, { XDG_STATE_HOME: "/s" }, "/h")).toBe("/s/pgrove");
    expect(stateDir(undefined, {}, "/h")).toBe("/h/.local/state/pgrove");
    expect(stateDir(undefined, { XDG_STATE_HOME: "" }, "/h")).toBe("/h/.local/state/pgrove");
    expect(stateDir(undefined, { XDG_STATE_HOME: "s" }, "/h")).toBe("/h/.local/state/pgrove");
  });
});

describe("dumpStoreDir", () => {
  const ask = (question: Partial<StoreQuestion>) =>
    dumpStoreDir({ project: "onyx", environment: {}, home: "/h", baseDir: "/repo", ...question });

  test("BACKUP_DIR, then the configuration, then XDG_DATA_HOME, then its default", () => {
    const environment = { BACKUP_DIR: "/backups", XDG_DATA_HOME: "/data" };
    expect(ask({ environment, configured: "/configured" })).toBe("/backups");
    expect(ask({ environment: { XDG_DATA_HOME: "/data" }, configured: "/configured" })).toBe("/configured");
    expect(ask({ environment: { XDG_DATA_HOME: "/data" } })).toBe("/data/pgrove/dumps/onyx");
    expect(ask({ environment: { BACKUP_DIR: " " } })).toBe("/h/.local/share/pgrove/dumps/onyx");
  });

  test("~ and {project} are put in; relative ones start at the configuration's folder", () => {
    expect(ask({ configured: "~/dumps/{project}" })).toBe("/h/dumps/onyx");
    expect(ask({ configured: "dumps" })).toBe("/repo/dumps");
    expect(ask({ environment: { BACKUP_DIR: "./backups/dev" } })).toBe("/repo/backups/dev");
    expect(ask({ environment: { BACKUP_DIR: "~/b" } })).toBe("/h/b");
    expect(() => ask({ configured: "~/{projct}" })).toThrow("{projct}");
  });

  test("no project climbs out of the store", () => {
    for (const project of ["../../etc", "/etc", "..", ".", "a/../../b", ".git", "-rf", "", "a\0b", "x".repeat(300)]) {
      const dir = ask({ project });
      const name = dir.slice("/h/.local/share/pgrove/dumps/".length);
      expect(dir).toStartWith("/h/.local/share/pgrove/dumps/");
      expect(name).toMatch(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,110}$/u);
    }
  });
});

describe("folderName", () => {
  test("what is a name already stays, and two names never become one", () => {
    expect(["onyx", "a.b-c_1", "größe"].map(folderName)).toEqual(["onyx", "a.b-c_1", "größe"]);
    const names = ["a/b", "a-b", "a b", "a:b", "-a-b", ".a-b", "..", ".", ""].map(folderName);
    expect(new Set(names).size).toBe(names.length);
  });
});
