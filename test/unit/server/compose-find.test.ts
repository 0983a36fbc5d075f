import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Candidate, findCommonGitFolder, pickContainer, readCandidate } from "../../../src/server/compose-find.ts";

function candidate(changes: Partial<Candidate>): Candidate {
  return {
    id: "1",
    name: "app-db-1",
    state: "running",
    project: "app",
    service: "db",
    number: 1,
    oneoff: false,
    files: ["/ours/compose.yml"],
    ...changes,
  };
}

const fromOurFile = ({ files }: Candidate) => files.includes("/ours/compose.yml");

test("a line of docker ps: several files, relative ones of old versions, one-off containers", () => {
  const labels = Object.fromEntries(
    Object.entries({
      ...{ project: "p", service: "db", "container-number": "2", oneoff: "True" },
      ...{ "project.config_files": "/x/a.yml,b.yml", "project.working_dir": "/x" },
    }).map(([name, value]) => [`com.docker.compose.${name}`, value]),
  );
  expect(readCandidate({ id: "a", name: "n", state: "exited", labels })).toEqual({
    id: "a",
    name: "n",
    state: "exited",
    project: "p",
    service: "db",
    number: 2,
    oneoff: true,
    files: ["/x/a.yml", "/x/b.yml"],
  });
});

test("the project's container wins over one that was made from our file under another name", () => {
  const named = candidate({ id: "named", files: ["/elsewhere/compose.yml"] });
  const ours = candidate({ id: "ours", project: "other" });
  expect(pickContainer([ours, named], "app", fromOurFile, "db")?.id).toBe("named");
  expect(pickContainer([ours, named], "unknown", fromOurFile, "db")?.id).toBe("ours");
  expect(pickContainer([named], "unknown", fromOurFile, "db")).toBeUndefined();
});

test("one-off containers do not count, and of a scaled service the first does", () => {
  const containers = [
    candidate({ id: "second", number: 2 }),
    candidate({ id: "run", oneoff: true }),
    candidate({ id: "first" }),
  ];
  expect(pickContainer(containers, "app", fromOurFile, "db")?.id).toBe("first");
  expect(pickContainer([candidate({ oneoff: true })], "app", fromOurFile, "db")).toBeUndefined();
});

test("two projects of one file are named, none is chosen", () => {
  const both = [candidate({ project: "red", name: "red-db-1" }), candidate({ project: "blue", name: "blue-db-1" })];
  const pick = () => pickContainer(both, "app", fromOurFile, "db");
  expect(pick).toThrow("red (red-db-1), blue (blue-db-1)");
});

test("a worktree's file and the main worktree's have one common git folder", async () => {
  const root = await mkdtemp(join(tmpdir(), "pgrove-common-"));
  try {
    await mkdir(join(root, "main/.git/worktrees/w"), { recursive: true });
    await mkdir(join(root, "main/deploy"));
    await mkdir(join(root, "linked"));
    await writeFile(join(root, "linked/.git"), `gitdir: ${root}/main/.git/worktrees/w\n`);
    expect(await findCommonGitFolder(join(root, "main/deploy/compose.yml"))).toBe(join(root, "main/.git"));
    expect(await findCommonGitFolder(join(root, "linked/compose.yml"))).toBe(join(root, "main/.git"));
    expect(await findCommonGitFolder(join(root, "nowhere.yml"))).toBeUndefined();
  } finally {
    await rm(root, { recursive: true, force: true });
  }
});
