/** What changes something: each begins a job, which is a command line. */
import { basename } from "node:path";
import type * as v from "valibot";
import { stringAt } from "../sys/untyped.ts";
import { type Api, addJob, type Taken } from "./api.ts";
import { dumpPath, targetPath, worktreePath } from "./forms.ts";
import * as forms from "./job-forms.ts";
import { dryRun, mapRoles, option, when } from "./job-words.ts";

const targetOf = ({ target }: { target: string }) => target;
/** The name that the command line asks for where the store's dumps go. */
const STORE = "store";

/** All POSTs below /api/v1. */
export function addJobRoutes(api: Api): void {
  addWorktreeJobs(api);
  addTargetJobs(api);
  addReplacingJobs(api);
  addStoreJobs(api);
}

function addWorktreeJobs(api: Api): void {
  addJob(api, {
    ...{ path: "/api/v1/worktrees", tag: "worktrees", summary: "A worktree with a database of its own" },
    ...{ scope: "write", operation: "new", body: forms.newBody },
    target: ({ name, branch }) => name ?? branch,
    takes: ({ copy, restore }) => ({ target: copy, dump: restore }),
    takesByPlan: ({ name, data }) => [{ target: String(name) }, takenBy(data)],
    words: ({ branch, name, from, copy, restore, role_map, empty, setup, ...rest }) => [
      ...["new", branch, ...option("name", name), ...option("from", from), ...option("copy", copy)],
      ...[
        ...option("restore", restore),
        ...mapRoles(role_map),
        ...when(empty, "--empty"),
        ...when(!setup, "--no-setup"),
        ...dryRun(rest),
      ],
    ],
  });
  addJob(api, {
    ...{ path: "/api/v1/worktrees/:worktree/remove", tag: "worktrees", summary: "A worktree with all that it has" },
    ...{ scope: "admin", operation: "remove", params: worktreePath, body: forms.removeBody },
    target: ({ worktree }) => worktree,
    destroys: ({ worktree }) => worktree,
    words: ({ worktree, force, delete_branch, keep_database, ...rest }) => [
      ...["remove", worktree, ...when(force, "--force"), ...when(delete_branch, "--delete-branch")],
      ...[...when(keep_database, "--keep-database"), ...dryRun(rest)],
    ],
  });
}

function addTargetJobs(api: Api): void {
  const ofTarget = { scope: "write", params: targetPath, target: targetOf } as const;
  addJob(api, {
    ...{ ...ofTarget, path: "/api/v1/targets/:target/dumps", tag: "dumps", summary: "Writes a dump into the store" },
    ...{ operation: "dump", body: forms.dumpBody },
    words: ({ target, note, prove }) => ["dump", target, ...option("note", note), ...when(prove, "--prove")],
  });
  addJob(api, {
    ...{ ...ofTarget, path: "/api/v1/targets/:target/snapshots", tag: "snapshots", summary: "Saves it in its server" },
    ...{ operation: "snapshot", body: forms.snapshotBody },
    words: ({ target, name, ...rest }) => [
      ...["snapshot", ...(name === undefined ? [] : [name]), `--target=${target}`, ...dryRun(rest)],
    ],
  });
  addJob(api, {
    ...{ ...ofTarget, path: "/api/v1/targets/:target/migrate", tag: "migrations", summary: "Applies migrations" },
    ...{ operation: "migrate", body: forms.migrateBody },
    words: ({ target, to, ...rest }) => migrateWords(target, to, rest),
  });
  addJob(api, {
    ...{ ...ofTarget, path: "/api/v1/targets/:target/seed", tag: "seeds", summary: "Runs seed files, makes rows" },
    ...{ operation: "seed", body: forms.seedBody },
    words: ({ target, entities, count, clean, upsert, scenario, parameters, force, ...rest }) => [
      ...["seed", ...entities, ...(count === undefined ? [] : [String(count)]), `--target=${target}`],
      ...[...cleaning(clean, force), ...when(upsert, "--upsert"), ...scenarioWords(scenario, parameters)],
      ...dryRun(rest),
    ],
  });
}

function addReplacingJobs(api: Api): void {
  const ofTarget = {
    scope: "admin",
    params: targetPath,
    target: targetOf,
    destroys: targetOf,
    tag: "targets",
  } as const;
  addJob(api, {
    ...{ ...ofTarget, path: "/api/v1/targets/:target/reset", summary: "A worktree's data as at its beginning" },
    ...{ operation: "reset", body: forms.plainBody },
    takesByPlan: ({ data }) => [takenBy(data)],
    words: ({ target, ...rest }) => ["reset", target, ...dryRun(rest)],
  });
  addJob(api, {
    ...{ ...ofTarget, path: "/api/v1/targets/:target/rewind", summary: "Back to a snapshot" },
    ...{ operation: "rewind", body: forms.rewindBody },
    words: ({ target, name, ...rest }) => [
      ...["rewind", ...(name === undefined ? [] : [name]), `--target=${target}`, ...dryRun(rest)],
    ],
  });
  addJob(api, {
    ...{ ...ofTarget, path: "/api/v1/targets/:target/restore", summary: "Puts a dump into it" },
    ...{ operation: "restore", body: forms.restoreBody },
    takes: ({ dump }) => ({ dump }),
    words: ({ target, dump, no_owner, role_map, ...rest }) => [
      ...["restore", dump, `--to=${target}`, ...when(no_owner, "--no-owner"), ...mapRoles(role_map), ...dryRun(rest)],
    ],
  });
  addJob(api, {
    ...{ ...ofTarget, path: "/api/v1/targets/:target/copy", summary: "Puts a copy of another target into it" },
    ...{ operation: "copy", body: forms.copyBody },
    takes: ({ source }) => ({ target: source }),
    words: ({ target, source, ...rest }) => ["copy", source, `--to=${target}`, ...dryRun(rest)],
  });
}

/** What a worktree's database is made of, as a plan says it. */
function takenBy(data: unknown): Taken {
  const [source, dump] = [stringAt(data, "source"), stringAt(data, "dump")];
  return { target: source, dump: dump === undefined ? undefined : basename(dump) };
}

function addStoreJobs(api: Api): void {
  const takes = ({ dump }: { dump: string }) => ({ dump });
  const ofDump = { tag: "dumps", params: dumpPath, takes } as const;
  addJob(api, {
    ...{ ...ofDump, path: "/api/v1/dumps/:dump/verify", summary: "Checks that a dump is whole" },
    ...{ scope: "write", operation: "verify", body: forms.verifyBody },
    words: ({ dump, restore, deep, role_map }) => [
      ...["dumps", "verify", dump, ...when(restore, "--restore"), ...when(deep, "--deep"), ...mapRoles(role_map)],
    ],
  });
  for (const verb of ["pin", "unpin"] as const) {
    addJob(api, {
      ...{ ...ofDump, path: `/api/v1/dumps/:dump/${verb}`, scope: "write", operation: verb, body: forms.noBody },
      summary: verb === "pin" ? "Keeps a dump whatever the rule says" : "Lets the rule count again",
      words: ({ dump }) => ["dumps", verb, dump],
    });
  }
  addJob(api, {
    ...{ ...ofDump, path: "/api/v1/dumps/:dump/remove", summary: "Removes a dump and its manifest" },
    ...{ scope: "admin", operation: "remove dump", body: forms.plainBody, destroys: () => STORE },
    words: ({ dump, ...rest }) => ["dumps", "remove", dump, ...dryRun(rest)],
  });
  addJob(api, {
    ...{ path: "/api/v1/retention", tag: "dumps", summary: "Removes what dumps.keep does not keep" },
    ...{ scope: "admin", operation: "prune", body: forms.plainBody, destroys: () => STORE },
    words: (input) => ["dumps", "prune", ...dryRun(input)],
  });
}

/** `force`: no questions; a protected environment wants its name all the same. */
export function migrateWords(
  target: string,
  to: string,
  input: Pick<v.InferOutput<typeof forms.migrateBody>, "skip_backup" | "rehearse" | "force" | "dry_run">,
): string[] {
  const { skip_backup, rehearse, force } = input;
  return [
    ...(to === "head" ? ["migrate", "up", "head"] : ["migrate", "goto", to]),
    ...[`--target=${target}`, ...when(skip_backup, "--skip-backup"), ...when(rehearse, "--rehearse")],
    ...[...when(force, "--yes"), ...dryRun(input)],
  ];
}

export function cleaning(clean: boolean, force: boolean): string[] {
  return [...when(clean, force ? "--clean-force" : "--clean"), ...when(force, "--yes")];
}

export function scenarioWords(name: string | undefined, parameters: Readonly<Record<string, number>>): string[] {
  return [...option("scenario", name), ...Object.entries(parameters).map(([key, value]) => `--param=${key}=${value}`)];
}
