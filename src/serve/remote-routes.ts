/** The dumps that lie at the remotes of dumps.remote: listed, pushed, pulled. */
import * as v from "valibot";
import { remoteDumpsAnswer } from "../answers/dumps.ts";
import { REMOTE_KINDS } from "../config/schema-remote.ts";
import { type Api, addJob, addRead } from "./api.ts";
import { pullBody, pushBody } from "./job-forms.ts";
import { dryRun, when } from "./job-words.ts";
import { onlyItems } from "./read-routes.ts";

const remotePath = v.object({ remote: v.pipe(v.picklist(REMOTE_KINDS), v.description("a remote of dumps.remote")) });

/** What can be asked of a remote, and what moves dumps there and back. */
export function addRemoteRoutes(api: Api): void {
  const ofRemote = { tag: "dumps", params: remotePath } as const;
  addRead(api, {
    ...{ ...ofRemote, path: "/api/v1/remotes/:remote/dumps", summary: "The dumps there, of every machine" },
    ...{ answer: remoteDumpsAnswer, only: onlyItems("dumps", "source") },
    words: ({ remote }) => ["dumps", "list", `--remote=${remote}`],
  });
  addJob(api, {
    ...{ ...ofRemote, path: "/api/v1/remotes/:remote/push", summary: "Puts a dump there, or all that are not there" },
    ...{ scope: "write", operation: "push", body: pushBody },
    takes: ({ dump }) => ({ dump }),
    words: ({ remote, dump, verify, ...rest }) => [
      ...["dumps", "push", ...(dump === undefined ? [] : [dump]), `--remote=${remote}`],
      ...[...when(verify, "--verify"), ...dryRun(rest)],
    ],
  });
  addJob(api, {
    ...{ ...ofRemote, path: "/api/v1/remotes/:remote/pull", summary: "Brings a dump from there into the store" },
    ...{ scope: "write", operation: "pull", body: pullBody },
    words: ({ remote, host, dump }) => ["dumps", "pull", `${host}/${dump}`, `--remote=${remote}`],
  });
}
