/** A worktree with a database of its own: beside scripts that do the same with git and PostgreSQL's programs. */
import { join } from "node:path";
import { compare, compareShort, runProgram } from "./measure.ts";
import { copyAsTemplate, copyThroughFile, copyThroughPipe } from "./plain.ts";
import { type Row, takesAtMost, timesAsFast, timesAsLong } from "./report.ts";
import type { Setting } from "./setting.ts";

const COPY = "bench_worktree";
const BRANCH = "by-hand";
const WORKTREES = 30;
const LOOKS = 15;

/** `new`, then `list` and `provision` where there are many worktrees. */
export async function measureWorktrees(setting: Setting, rounds: number): Promise<Row[]> {
  const made = await measureNew(setting, rounds);
  const names = Array.from({ length: WORKTREES }, (_, index) => `many-${index + 1}`);
  for (const name of names) await runProgram(setting.pgrove("new", name, "--empty", "-q"));
  const looks = { list: setting.pgrove("list", "-q"), provision: setting.pgrove("provision", "many-1", "-q") };
  const of = compareShort(looks, LOOKS);
  for (const name of names) await runProgram(setting.pgrove("remove", name, "--delete-branch", "--yes", "-q"));
  return [
    ...made,
    takesAtMost(`list with ${WORKTREES} worktrees`, of("list"), 300),
    takesAtMost("provision that has nothing to do", of("provision"), 60),
  ];
}

async function measureNew(setting: Setting, rounds: number): Promise<Row[]> {
  const { folder, line, pgrove, repo, settle, dropDatabase } = setting;
  const worktree = join(folder, BRANCH);
  const git = `git -C ${repo}`;
  const script = (copying: string) =>
    line(
      `${git} worktree add -q ${worktree} -b ${BRANCH} && ${copying} && echo DATABASE_URL=${COPY} > ${worktree}/.env`,
    );
  const byHand = (name: string, copying: string) => ({
    name,
    prepare: settle,
    run: () => runProgram(script(copying)),
    after: async () => {
      await dropDatabase(COPY);
      await runProgram(line(`${git} worktree remove --force ${worktree} && ${git} branch -q -D ${BRANCH}`));
    },
  });
  const bare = {
    name: "createdb --template",
    prepare: settle,
    run: () => runProgram({ argv: copyAsTemplate(setting, COPY).split(" ") }),
    after: () => dropDatabase(COPY),
  };
  const own = {
    name: "pgrove new",
    prepare: settle,
    run: () => runProgram(pgrove("new", "fresh", "-q")),
    after: () => runProgram(pgrove("remove", "fresh", "--delete-branch", "--yes", "-q")),
  };
  const template = byHand("git worktree add, createdb --template", copyAsTemplate(setting, COPY));
  const pipe = byHand("git worktree add, pg_dump | psql", copyThroughPipe(setting, COPY));
  const file = byHand("git worktree add, through a file", copyThroughFile(setting, "by-hand.sql.gz", COPY));
  const quick = await compare([bare, own, template], rounds);
  // Apart from those: they write so much that whatever comes after them is slower.
  const slow = await compare([own, pipe, file], rounds);
  await runProgram(line("rm by-hand.sql.gz"));
  const [fresh, later] = [quick(own.name), slow(own.name)];
  return [
    timesAsLong(
      "new, against git worktree add, createdb --template --strategy=file_copy",
      fresh,
      quick(template.name),
      1.5,
    ),
    timesAsLong("new, against that createdb alone", fresh, quick(bare.name), 1.5),
    timesAsFast(
      "new, against git worktree add, pg_dump | gzip > file, gzip -dc | psql, ANALYZE",
      later,
      slow(file.name),
      12,
    ),
    timesAsFast("new, against git worktree add, pg_dump | psql inside the container, ANALYZE", later, slow(pipe.name)),
  ];
}
