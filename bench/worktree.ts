/** A worktree with a database of its own: against the bare copy inside the server, and against dump and restore by hand. */
import { join } from "node:path";
import { compare, formatMs, runProgram, type Timing, timingOf } from "./measure.ts";
import { type Row, timesAsFast, timesAsLong } from "./report.ts";
import { DATABASE, type Setting } from "./setting.ts";

const COPY = "bench_worktree";
const WORKTREES = 30;
const LOOKS = 15;
const MOST_LIST_MS = 300;
const MOST_PROVISION_MS = 60;

/** `new`, then `list` and `provision` where there are many worktrees. */
export async function measureWorktrees(setting: Setting, rounds: number): Promise<Row[]> {
  const made = await compareNew(setting, rounds);
  const [template, fresh, byHand] = ["bare template", "pgrove new", "by hand"].map((name) => made.get(name));
  if (template === undefined || fresh === undefined || byHand === undefined) throw new Error("a contestant is missing");
  for (let number = 1; number <= WORKTREES; number++) {
    await runProgram(setting.pgrove("new", `many-${number}`, "--empty", "-q"));
  }
  const list = await timeProgram(setting, "list");
  const provision = await timeProgram(setting, "provision", "many-1");
  return [
    timesAsLong("new (isolation: database), against the bare CREATE DATABASE … TEMPLATE", fresh, template, 1.5),
    timesAsFast("new, against git worktree add, pg_dump | gzip and gunzip | psql", fresh, byHand, 12),
    looks(`list with ${WORKTREES} worktrees`, list, MOST_LIST_MS),
    looks("provision that has nothing to do", provision, MOST_PROVISION_MS),
  ];
}

function looks(what: string, subject: Timing, mostMs: number): Row {
  const value = subject.medianMs;
  return { what, subject, value, shown: formatMs(value), claim: { text: `≤ ${mostMs} ms`, met: value <= mostMs } };
}

async function compareNew({ exec, folder, line, pgrove, repo, settle, server, dropDatabase }: Setting, rounds: number) {
  const file = join(folder, "by-hand.sql.gz");
  const psql = `docker exec -i ${server.container} psql -q -U ${server.user}`;
  const git = `git -C ${repo}`;
  const byHand = [
    `${git} worktree add -q ${join(folder, "by-hand")} -b by-hand`,
    `${exec} pg_dump -U ${server.user} ${DATABASE} | gzip > ${file}`,
    `${psql} -c 'create database ${COPY}' postgres`,
    `gunzip -c ${file} | ${psql} ${COPY} > /dev/null`,
  ];
  const create = `create database ${COPY} template ${DATABASE} strategy file_copy`;
  const inTurns = await compare(
    [
      {
        name: "bare template",
        prepare: settle,
        run: () => runProgram(line(`${psql} -c '${create}' postgres`)),
        after: () => dropDatabase(COPY),
      },
      {
        name: "pgrove new",
        prepare: settle,
        run: () => runProgram(pgrove("new", "fresh", "-q")),
        after: () => runProgram(pgrove("remove", "fresh", "--delete-branch", "--yes", "-q")),
      },
    ],
    rounds,
  );
  // By itself: it writes so much that whatever came after it would be slower.
  const alone = await compare(
    [
      {
        name: "by hand",
        prepare: settle,
        run: () => runProgram(line(byHand.join(" && "))),
        after: async () => {
          await dropDatabase(COPY);
          await runProgram(
            line(`${git} worktree remove ${join(folder, "by-hand")}; ${git} branch -q -D by-hand; rm ${file}`),
          );
        },
      },
    ],
    rounds,
  );
  return new Map([...inTurns, ...alone]);
}

async function timeProgram({ pgrove }: Setting, ...args: string[]): Promise<Timing> {
  const times: number[] = [];
  for (let look = 0; look <= LOOKS; look++) {
    const began = performance.now();
    await runProgram(pgrove(...args, "-q"));
    if (look > 0) times.push(performance.now() - began); // the first one warms up
  }
  return timingOf(times);
}
