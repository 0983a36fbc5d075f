import { runLabel, testLabel } from "./paths.ts";
import { run, runOk, say } from "./run.ts";

/** Removes what a run of the tests and its parts (`RUN-…`) created on the engine, and what runs left whose process is gone. */
export async function removeThingsOf(runName: string): Promise<void> {
  const isOver = (owner: string) => owner === runName || owner.startsWith(`${runName}-`) || isDead(owner);
  await removeLabelled(["ps", "-a"], ".ID", ["rm", "-f", "-v"], isOver);
  await removeLabelled(["volume", "ls"], ".Name", ["volume", "rm", "-f"], isOver);
  await removeLabelled(["network", "ls"], ".ID", ["network", "rm"], isOver);
}

async function removeLabelled(
  list: readonly string[],
  id: string,
  remove: readonly string[],
  isOver: (owner: string) => boolean,
): Promise<void> {
  const format = `{{${id}}} {{.Label "${runLabel}"}}`;
  const listed = await runOk("docker", [...list, "--filter", `label=${testLabel}=1`, "--format", format]);
  const ids = listed
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, owner]) => owner !== undefined && owner !== "" && isOver(owner))
    .map(([name]) => name ?? "");
  if (ids.length === 0) return;
  const removed = await run("docker", [...remove, ...ids]);
  if (removed.code !== 0) say(removed.stderr.trim());
}

/** A run's name begins with the number of its process. */
function isDead(owner: string): boolean {
  const pid = Number(owner.split("-")[0]);
  if (!Number.isInteger(pid)) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}
