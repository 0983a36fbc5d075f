/** What the bodies of writing requests hold. */
import * as v from "valibot";
import {
  branchName,
  confirmName,
  dumpName,
  entityName,
  flag,
  hostName,
  migrationGoal,
  noteText,
  roleMap,
  rowCount,
  snapshotName,
  targetName,
} from "./forms.ts";

/** What each of them may hold: the plan instead of the deed, and the name that is to be typed. */
const always = { dry_run: flag, confirm: v.optional(confirmName) };

const body = <const Entries extends v.ObjectEntries>(entries: Entries) => v.strictObject({ ...always, ...entries });

export const newBody = body({
  branch: branchName,
  name: v.optional(branchName),
  from: v.optional(branchName),
  copy: v.optional(targetName),
  restore: v.optional(dumpName),
  role_map: roleMap,
  empty: flag,
  setup: v.optional(v.boolean(), true),
});
export const removeBody = body({ force: flag, delete_branch: flag, keep_database: flag });
export const plainBody = body({});
export const dumpBody = v.strictObject({ confirm: v.optional(confirmName), note: v.optional(noteText), prove: flag });
export const snapshotBody = body({ name: v.optional(snapshotName) });
export const rewindBody = body({ name: v.optional(snapshotName) });
export const restoreBody = body({ dump: dumpName, no_owner: flag, role_map: roleMap });
export const copyBody = body({ source: v.optional(targetName, "main") });
export const verifyBody = v.strictObject({ restore: flag, deep: flag, role_map: roleMap });
export const pushBody = body({ dump: v.optional(dumpName), verify: flag });
export const pullBody = v.strictObject({ host: hostName, dump: dumpName });
export const noBody = v.strictObject({});

const migrateEntries = { skip_backup: flag, rehearse: flag, force: flag };
export const migrateBody = body({ to: v.optional(migrationGoal, "head"), ...migrateEntries });
/** Here `target` is how far. */
export const adminMigrateBody = body({ target: v.optional(migrationGoal, "head"), ...migrateEntries });

const entities = v.pipe(v.array(entityName), v.maxLength(100));
export const seedBody = body({
  entities: v.optional(entities, []),
  count: v.optional(rowCount),
  clean: flag,
  upsert: flag,
  scenario: v.optional(entityName),
  parameters: v.optional(v.record(v.pipe(v.string(), v.regex(/^[A-Za-z_]\w{0,62}$/)), rowCount), {}),
  force: flag,
});
export const adminSeedBody = body({
  seed_type: v.optional(entityName, "all"),
  count: v.optional(rowCount),
  clean_first: flag,
  use_upsert: flag,
  environment: v.optional(targetName),
  force: flag,
});
export const generateBody = body({
  scenario: entityName,
  parameters: v.optional(v.record(v.pipe(v.string(), v.regex(/^[A-Za-z_]\w{0,62}$/)), rowCount), {}),
});
export const cleanupBody = body({
  older_than_hours: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000)), 24),
  include_test_users: flag,
  data_types: v.optional(entities, []),
});
