/** What can be read: each is a command line with --json. */
import * as v from "valibot";
import { doctorAnswer } from "../answers/doctor.ts";
import { dumpAnswer, dumpsAnswer, pruneDumpsAnswer } from "../answers/dumps.ts";
import { historyAnswer } from "../answers/history.ts";
import { lintAnswer, migrationHistoryAnswer, migrationStatusAnswer } from "../answers/migrations.ts";
import { answerOf } from "../answers/parts.ts";
import { snapshotsAnswer } from "../answers/snapshots.ts";
import { sqlAnswer } from "../answers/sql.ts";
import { statsAnswer, statusAnswer } from "../answers/status.ts";
import { worktreesAnswer } from "../answers/worktrees.ts";
import { checkForm } from "../monitor/rules/findings.ts";
import { quoteIdentifier } from "../postgres/identifier.ts";
import { type Api, addRead, planAnswer } from "./api.ts";
import { HttpError } from "./failures.ts";
import { dumpPath, identifier, targetName, targetPath, targetQuery } from "./forms.ts";
import { option, when } from "./job-words.ts";

/** Asked in the same words wherever it is asked, so that one answer does. */
export const LIST = ["list", "--changes"];
const PREVIEW_ROWS = 50;
const MOST_HISTORY = 1_000;

const targetOf = ({ target }: { target: string }) => target;

/** The items of a list that are of a target one may see. */
export function onlyItems(key: string, field: string) {
  return (document: Record<string, unknown>, maySee: (target: string) => boolean) => {
    const items = document[key];
    if (!Array.isArray(items)) return document;
    return { ...document, [key]: items.filter((item) => maySee(String(Reflect.get(item, field)))) };
  };
}

const historyQuery = v.strictObject({
  limit: v.optional(v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}$/, "must be 1 to 9999")), "20"),
  target: v.optional(v.pipe(targetName, v.description("a target, or a database"))),
  since: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[\d:.TZ+-]{1,30}[a-z]{0,2}$/, "must be such as 2h, 7d or 2026-01-15T14:30"),
      v.description("2h, 7d, 2026-01-15T14:30"),
    ),
  ),
  failed: v.optional(v.picklist(["true", "false"]), "false"),
});

/** All GETs that a command line answers. */
export function addReadRoutes(api: Api): void {
  addRead(api, {
    ...{ path: "/api/v1/worktrees", tag: "worktrees", summary: "The worktrees and their databases" },
    ...{ answer: worktreesAnswer, words: () => LIST, only: onlyItems("worktrees", "name") },
  });
  addTargetRoutes(api);
  addMigrationRoutes(api);
  addStoreRoutes(api);
  addRead(api, {
    ...{ path: "/api/v1/doctor", tag: "health", summary: "What is missing or left over, with its fix" },
    ...{ answer: doctorAnswer, words: () => ["doctor"], ofAll: true as const },
  });
  addRead(api, {
    ...{ path: "/api/v1/checks", tag: "health", summary: "What the alert rules find, of a target or of all" },
    query: v.strictObject({ target: v.optional(targetName) }),
    answer: answerOf(checkForm.entries),
    target: ({ target }) => target,
    // Who looks at a page tells nobody, and keeps no ping alive that a job is to send.
    words: ({ target }) => ["check", target ?? "--all", "--no-notify"],
    only: (document, maySee) =>
      ["findings", "rules"].reduce((rest, key) => onlyItems(key, "target")(rest, maySee), document),
  });
  addRead(api, {
    ...{ path: "/api/v1/history", tag: "history", summary: "Who did what to which database" },
    query: historyQuery,
    answer: historyAnswer,
    words: ({ limit, target, since, failed }) => [
      ...["history", `--limit=${Math.min(Number(limit), MOST_HISTORY)}`, ...option("target", target)],
      ...[...option("since", since), ...when(failed === "true", "--failed")],
    ],
    only: onlyItems("history", "target"),
  });
}

function addTargetRoutes(api: Api): void {
  const status = { tag: "targets", summary: "Server, database, connections, last dump", answer: statusAnswer };
  const ofStatus = { ...status, target: targetOf, anyExit: true as const };
  const stats = {
    tag: "targets",
    summary: "Rows, sizes and health of the tables",
    answer: statsAnswer,
    target: targetOf,
  };
  const statusWords = ({ target }: { target: string }) => ["status", target];
  const statsWords = ({ target }: { target: string }) => ["stats", target];
  addRead(api, { ...ofStatus, path: "/api/admin/database/status", query: targetQuery, words: statusWords });
  addRead(api, { ...ofStatus, path: "/api/v1/targets/:target/status", params: targetPath, words: statusWords });
  addRead(api, { ...stats, path: "/api/admin/database/stats", query: targetQuery, words: statsWords });
  addRead(api, { ...stats, path: "/api/v1/targets/:target/stats", params: targetPath, words: statsWords });
  addRead(api, {
    ...{ path: "/api/v1/targets/:target/snapshots", tag: "snapshots", summary: "The saved states, newest first" },
    ...{ params: targetPath, answer: snapshotsAnswer, target: targetOf },
    words: ({ target }) => ["snapshots", "list", target],
  });
  addRead(api, {
    ...{ path: "/api/v1/targets/:target/rows", tag: "targets", summary: `The first ${PREVIEW_ROWS} rows of a table` },
    ...{ params: targetPath, query: v.strictObject({ schema: v.optional(identifier, "public"), table: identifier }) },
    ...{ answer: sqlAnswer, target: targetOf },
    words: ({ target, schema, table }) => ["sql", target, `--command=${previewSql(schema, table)}`],
  });
}

/** Nothing that a view or a rule does may change anything, or take for ever. */
function previewSql(schema: string, table: string): string {
  const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  return `set transaction read only; set local statement_timeout = '5s'; table ${name} limit ${PREVIEW_ROWS}`;
}

function addMigrationRoutes(api: Api): void {
  addRead(api, {
    ...{
      path: "/api/v1/targets/:target/migrations",
      tag: "migrations",
      summary: "Applied, pending, foreign, in doubt",
    },
    ...{ params: targetPath, answer: migrationStatusAnswer, target: targetOf },
    words: ({ target }) => ["migrate", "status", target],
  });
  addRead(api, {
    ...{ path: "/api/v1/targets/:target/migrations/history", tag: "migrations", summary: "Who applied what, when" },
    ...{ params: targetPath, answer: migrationHistoryAnswer, target: targetOf },
    words: ({ target }) => ["migrate", "history", target],
  });
  addRead(api, {
    ...{
      path: "/api/v1/targets/:target/migrations/plan",
      tag: "migrations",
      summary: "What is pending: SQL and impact",
    },
    ...{ params: targetPath, answer: planAnswer, target: targetOf },
    words: ({ target }) => ["migrate", "up", "head", target, "--dry-run"],
  });
  addRead(api, {
    ...{ path: "/api/v1/migrations/lint", tag: "migrations", summary: "What is risky in the migration files" },
    ...{ answer: lintAnswer, words: () => ["migrate", "lint", "--all"] },
  });
}

function addStoreRoutes(api: Api): void {
  addRead(api, {
    ...{ path: "/api/v1/dumps", tag: "dumps", summary: "The dumps, newest first" },
    ...{ answer: dumpsAnswer, words: () => ["dumps", "list"], only: onlyItems("dumps", "source") },
  });
  addRead(api, {
    ...{ path: "/api/v1/dumps/:dump", tag: "dumps", summary: "What one dump holds", params: dumpPath },
    answer: dumpAnswer,
    dump: ({ dump }) => dump,
    words: ({ dump }) => ["dumps", "show", dump],
    only: (document, maySee) => {
      if (maySee(String(document.source))) return document;
      throw new HttpError(403, "target", "the token is not for the target of this dump");
    },
  });
  addRead(api, {
    ...{ path: "/api/v1/retention", tag: "dumps", summary: "What a prune would keep, why, and what it would remove" },
    ...{ answer: pruneDumpsAnswer, words: () => ["dumps", "prune", "--dry-run"] },
    only: (document, maySee) =>
      ["kept", "removed"].reduce((rest, key) => onlyItems(key, "source")(rest, maySee), document),
  });
}
