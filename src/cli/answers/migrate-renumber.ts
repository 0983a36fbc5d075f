/** What `migrate renumber` answers, and what is to be done after it. */

import type { RenumberPlan } from "../../worktree/renumber.ts";
import type { Context } from "../context.ts";
import { plural } from "../format.ts";

export function renumberDocument({ base, moves, ledgers }: RenumberPlan, dryRun: boolean) {
  return {
    ...{ base, dry_run: dryRun },
    migrations: moves.map(({ migration, digits, files }) => ({
      ...{ name: migration.name, from: migration.digits, to: digits, files },
    })),
    ledgers: ledgers.map(({ live, changes }) => ({
      ...{ target: live.target.label, database: live.database },
      changes: changes.map(({ from, to }) => ({ from: String(from), to: String(to) })),
    })),
  };
}

export function renderRenumber({ base, moves, ledgers }: RenumberPlan, dryRun: boolean): string {
  if (moves.length === 0) return `no change: this branch's migrations are all behind those of ${base}`;
  const would = dryRun ? "would be " : "";
  return [
    ...moves.flatMap(({ files }) => files.map(({ from, to }) => `${would}renamed ${from} → ${to}`)),
    ...ledgers.map(({ live, changes }) => {
      const told = changes.map(({ from, to }) => `${from} → ${to}`).join(", ");
      return `${would}told ${live.target.label} (${live.database}): ${told}`;
    }),
  ].join("\n");
}

export function noteNext({ output }: Context, { moves, ledgers }: RenumberPlan): void {
  output.note(`next: git commit        with the ${plural(moves.length, "migration")} renamed`);
  if (ledgers.length === 0) return;
  const [first] = ledgers;
  const where = first?.live.target.label === "main" ? "" : ` -t ${first?.live.target.name ?? ""}`;
  output.note(
    `then: pgrove migrate up --allow-out-of-order${where}        where those of the base branch are still missing`,
  );
}
