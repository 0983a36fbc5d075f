/** The main job, played on the sample project: each command as it is typed, with what it really says. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary } from "./prepare.mjs";
import { run } from "./process.mjs";
import { createContainerArguments } from "./project.mjs";

/** Thrown when a command fails, or the rows are not what they were. */
export class StoryFailed extends Error {
  exitCode = 1;
}

/**
 * Plays it. The stage is told what happens: `tell(text)` is the narrator, `command(line)` what is typed, `output(text)`
 * what it says.
 */
export async function playStory(project, stage) {
  const { repo, env, server } = project;
  const pgrove = async (...args) => {
    stage.command(`pgrove ${args.map(quote).join(" ")}`);
    const result = await run(binary, args, { cwd: repo, env, onOutput: stage.output });
    if (result.code !== 0) throw new StoryFailed(`pgrove ${args[0]} ended with exit code ${result.code}`);
    return result.stdout;
  };
  const count = async (...target) => rowsOf(await pgrove("sql", ...target, "-f", "counts.sql"));

  stage.tell("A repository with a pgrove.yaml. The server is started, and given a schema and 100,000 rows.");
  if (server.kind === "container") await createContainer(project, stage);
  await pgrove("up");
  await pgrove("sql", "-f", "schema.sql");
  const before = await count();

  stage.tell("A dump goes into the store, with a manifest beside it: checksum, versions, row counts, commit.");
  await pgrove("dump", "--note", "before the accident");
  await pgrove("dumps", "list");

  stage.tell("Somebody forgets the WHERE.");
  await pgrove("sql", "-c", "delete from orders");
  const lost = await count();
  if (isSame(before, lost)) throw new StoryFailed("the accident did not happen: nothing was deleted");

  stage.tell("The dump is checked, loaded into a scratch database, compared with its manifest, and swapped in.");
  await pgrove("restore", "--latest", "--yes");
  const restored = await count();

  stage.tell("A database of its own for a feature, copied inside the server.");
  await describeFeature(project, await run(binary, ["url", "--json"], { cwd: repo, env }));
  await pgrove("copy", "main", "--to", "@feature");
  const copied = await count("@feature");

  stage.tell("A git worktree with a database of its own, and an env file that says so.");
  await pgrove("new", "feature/search");
  await pgrove("list");
  const branched = await count("feature-search");
  await pgrove("remove", "feature-search", "--yes");

  await pgrove("history", "--limit", "4");
  compare(stage, { before, restored, copied, branched });
}

async function createContainer({ repo, env, ...project }, stage) {
  const args = createContainerArguments(project);
  stage.command(`docker ${args.join(" ")}`);
  const { code } = await run("docker", args, { cwd: repo, env, onOutput: stage.output });
  if (code !== 0) throw new StoryFailed("docker create failed");
}

/** The env file of @feature: the same server, another database. The password is the server's own, and stays there. */
async function describeFeature({ repo }, { stdout }) {
  const url = new URL(JSON.parse(stdout).url_redacted);
  url.pathname = "/shop_feature";
  writeFileSync(join(repo, ".env.feature"), `DATABASE_URL=${url}\n`);
}

/** Rows and checksum by table, from psql's table that was shown. */
function rowsOf(shown) {
  const lines = shown.split("\n").filter((line) => /\|\s+\d+\s+\|/.test(line));
  return lines.map((line) => {
    const [table, rows, checksum] = line.split("|").map((cell) => cell.trim());
    return { table, rows: Number(rows), checksum };
  });
}

function isSame(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}

function compare(stage, { before, restored, copied, branched }) {
  stage.tell("Row counts compared:");
  const cell = (text, width) => String(text).padStart(width);
  stage.output(
    `${"table".padEnd(12)}${cell("before", 10)}${cell("restored", 10)}${cell("copied", 10)}${cell("worktree", 10)}\n`,
  );
  for (const [index, { table, rows }] of before.entries()) {
    const others = [restored, copied, branched].map((counts) => cell(counts[index]?.rows, 10)).join("");
    stage.output(`${table.padEnd(12)}${cell(rows, 10)}${others}\n`);
  }
  const total = before.reduce((sum, { rows }) => sum + rows, 0);
  if (total === 0 || [restored, copied, branched].some((counts) => !isSame(before, counts))) {
    throw new StoryFailed("the rows are NOT the same: this must not happen, please report it");
  }
  stage.tell(`The same ${total.toLocaleString("en-US")} rows four times, checksums included.`);
}

function quote(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
