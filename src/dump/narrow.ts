/** A dump, of which only a part is wanted. */
import { chooseEntries, type PartOfDump } from "../archive/archive-parts.ts";
import { missingError, refusal, usageError } from "../errors.ts";
import { type InspectedDump, narrowTo } from "./inspect.ts";
import { wayToAdd } from "./only-rows.ts";

/** Only the part. Throws (exit 5) for plain SQL, (exit 4) for what the dump does not have, (exit 2) for a name that several tables have. */
export function narrowDump(inspected: InspectedDump, part: PartOfDump): InspectedDump {
  const { dump, kind, entries } = inspected;
  if (kind.kind === "plain") {
    const way = inspected.onlyRows ? wayToAdd(inspected) : undefined;
    throw refusal(
      "dump_unsupported",
      `${dump.name} is plain SQL, of which no part can be taken by itself`,
      way === undefined
        ? "restore it beside, and copy what you need: pgrove restore DUMP --into-new NAME"
        : `it holds nothing but rows: ${way}    adds them to the tables that are there`,
    );
  }
  const chosen = chooseEntries(entries, part);
  if (chosen.missing.length > 0) {
    throw missingError(
      "part_missing",
      `${dump.name} has no ${chosen.missing.join(", no ")}`,
      `pgrove dumps show ${dump.name}`,
    );
  }
  const [unclear] = chosen.unclear;
  if (unclear !== undefined)
    throw usageError(`several schemas have a table ${unclear}`, "name it with its schema: --table SCHEMA.TABLE");
  return narrowTo(inspected, chosen.entries);
}
