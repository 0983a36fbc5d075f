/** What the tests of `check` and `metrics` need around the feature functions. */
import { parseCondition } from "../../src/config/condition.ts";
import { usualSettings } from "../../src/migrate/settings.ts";
import type { TargetMigrations } from "../../src/migrate/worktree-migrations.ts";
import type { WatchTools } from "../../src/monitor/figures/read-figures.ts";
import type { Rule } from "../../src/monitor/rules/rule.ts";
import type { Repository } from "../../src/repo/git.ts";
import type { Target } from "../../src/resolve/target.ts";
import { readJournal } from "../../src/sys/journal.ts";
import type { Bench } from "./database.ts";
import type { MigrationFolder } from "./migration-folder.ts";

/** A rule of that condition, named like it. */
export function ruleOf(written: string, more: Partial<Rule> = {}): Rule {
  const condition = parseCondition(written);
  return { name: written, condition, severity: "warning", message: undefined, forMs: 0, ...more };
}

/** The target with the folder's migrations, as the commands find them in a worktree. */
export function subjectOf(target: Target, folder: MigrationFolder): TargetMigrations {
  const { root } = folder;
  const source = { dirs: [folder.at("migrations")], root, ignore: [] };
  const files = () => folder.read();
  const layout = async () => (await files()).layout;
  return { loaded: undefined, settings: usualSettings(), root, source, target, files, layout };
}

/** The tools of `check` in the bench's folders. */
export function watchToolsOf({ tools, store, folder }: Bench, repository?: Repository): WatchTools {
  const { runner, userKey, stateDir, note } = tools;
  return {
    ...{ runner, userKey, stateDir, storeDir: store, now: new Date(), repository },
    journal: () => readJournal(stateDir),
    serverTools: { runner, note, clientImage: "postgres:{major}", stageParent: folder },
  };
}
