/** The tools that the worktree features are given, as the commands give them, for what no command line can bring about. */

import { createPlaces } from "../../../src/cli/command-place.ts";
import { createOutput } from "../../../src/cli/output.ts";
import { createPaint } from "../../../src/cli/terminal.ts";
import { userKeyFile } from "../../../src/repo/state.ts";
import { systemClock } from "../../../src/sys/clock.ts";
import { systemRunner } from "../../../src/sys/process.ts";
import type { WorktreeTools } from "../../../src/worktree/tools.ts";
import type { Grove } from "./grove.ts";

const NO_FLAGS = { json: false, yes: true, quiet: true, verbose: false, color: false };
const NOWHERE = { stdout: async () => undefined, stderr: async () => undefined };

/** The tools for the worktrees of that repository, seen from its main one. */
export async function makeTools({ repo }: Grove): Promise<WorktreeTools> {
  const environment = repo.environment();
  const flags = { ...NO_FLAGS, confirm: undefined, repo: undefined, envFile: undefined };
  const output = createOutput({ ...NO_FLAGS, paint: createPaint(false), sinks: NOWHERE });
  const approveImage = async () => undefined;
  const around = {
    ...{ flags, output, environment, cwd: repo.folder, home: repo.home, runner: systemRunner, approveImage },
    useEngine: () => undefined,
  };
  const places = createPlaces(around);
  const repository = await places.repository();
  if (repository === undefined) throw new Error(`no repository at ${repo.folder}`);
  const stateDir = await places.stateDir();
  const { note } = output;
  return {
    ...{ repository, stateDir, loaded: await places.requireConfig(), server: await places.serverTools() },
    place: { ...places, cwd: repo.folder, environment, envFile: undefined, requireApproved: approveImage, note },
    operation: {
      ...{ runner: systemRunner, clock: systemClock, stateDir, note, progress: () => undefined },
      userKey: userKeyFile(environment, repo.home),
      abort: new AbortController().signal,
    },
  };
}
