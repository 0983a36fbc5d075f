/** The paths below /api/admin and /api/dev, for programs that call them so; each is one of the other operations. */

import * as v from "valibot";
import { type Api, addJob } from "./api.ts";
import { targetName, targetQuery } from "./forms.ts";
import * as forms from "./job-forms.ts";
import { cleaning, migrateWords, scenarioWords } from "./job-routes.ts";
import { option, when } from "./job-words.ts";

/** `target` is taken: it is how far. */
const onTarget = v.strictObject({ on: v.optional(targetName, "main") });

/** The environment that a main database goes by, where pgrove.yaml names none. */
const USUAL_ENVIRONMENT = "development";

/** The POSTs of those paths. */
export function addAdminRoutes(api: Api): void {
  const targetOf = async ({ target, environment }: { target: string; environment?: string | undefined }) => {
    if (environment === undefined) return target;
    const known = (await api.config()).config.environments;
    const name = environment.replace(/^@/, "");
    return name === USUAL_ENVIRONMENT && !Object.hasOwn(known, name) ? target : `@${name}`;
  };
  addJob(api, {
    ...{ path: "/api/admin/database/migrate", tag: "admin", summary: "Applies migrations; target is how far" },
    ...{ scope: "admin", operation: "migrate", query: onTarget, body: forms.adminMigrateBody },
    target: ({ on }) => on,
    words: ({ on, target, ...rest }) => migrateWords(on, target, rest),
  });
  addJob(api, {
    ...{ path: "/api/admin/database/seed", tag: "admin", summary: "Makes rows" },
    ...{ scope: "admin", operation: "seed", query: targetQuery, body: forms.adminSeedBody, target: targetOf },
    words: ({ seed_type, count, clean_first, use_upsert, force, dry_run }, target) => [
      ...["seed", seed_type, ...(count === undefined ? [] : [String(count)]), ...option("target", target)],
      ...[...cleaning(clean_first, force), ...when(use_upsert, "--upsert"), ...when(dry_run, "--dry-run")],
    ],
  });
  addJob(api, {
    ...{ path: "/api/dev/test-data/generate", tag: "admin", summary: "Makes the rows of a scenario" },
    ...{ scope: "write", operation: "seed", query: targetQuery, body: forms.generateBody },
    target: ({ target }) => target,
    words: ({ target, scenario, parameters, dry_run }) => [
      ...["seed", `--target=${target}`, ...scenarioWords(scenario, parameters), ...when(dry_run, "--dry-run")],
    ],
  });
  addJob(api, {
    ...{ path: "/api/dev/cleanup", tag: "admin", summary: "Removes rows that seeding has made" },
    ...{ scope: "admin", operation: "clean", query: targetQuery, body: forms.cleanupBody },
    target: ({ target }) => target,
    words: ({ target, older_than_hours, include_test_users, data_types, dry_run }) => [
      ...["seed", ...cleanedEntities(data_types, include_test_users), `--target=${target}`],
      ...["--clean-force", "--yes", ...option("older-than", ageOf(older_than_hours)), ...when(dry_run, "--dry-run")],
    ],
  });
}

/** Hours as the command line takes them: whole ones, or seconds. */
function ageOf(hours: number): string {
  return Number.isInteger(hours) ? `${hours}h` : `${Math.round(hours * 3600)}s`;
}

const USERS = "users";

/** Users go when they are asked for; others' rows hang on theirs, so without names all but they. */
function cleanedEntities(types: readonly string[], includeUsers: boolean): string[] {
  if (types.length === 0) return includeUsers ? [] : [`--except=${USERS}`];
  return includeUsers && !types.includes(USERS) ? [...types, USERS] : [...types];
}
