import { expect, test } from "bun:test";
import { renderPlan } from "../../../src/cli/answers/restore.ts";

test("a plan tells of roles line by line", () => {
  const roles = {
    ...{ statements: [], roles: [{ name: "app", rights: "LOGIN", groups: [], isSuperuser: false }] },
    ...{ kept: ["postgres"], leftOut: ["TABLESPACE fast"] },
  };
  const dump = { name: "main.dump", path: "/main.dump", sizeBytes: 1, modifiedAt: new Date(0) };
  const lines = renderPlan({ dump, database: "shop", checked: "sha256", roles }, "main", new Date(0)).split("\n");
  expect(lines.map((line) => line.trim())).toEqual([
    expect.stringMatching(/^would restore +main.dump/),
    expect.stringMatching(/^replacing +nothing/),
    expect.stringMatching(/^making roles +app \(LOGIN\)$/),
    "there, and left as they are: postgres",
    "left out: TABLESPACE fast",
    expect.stringMatching(/^checked/),
  ]);
});
