/** What DROP does: whom it locks out, and what is lost. */
import type { DropStmt } from "libpg-query";
import { findPart, keyOfWords, wordsOf } from "../../sql/nodes.ts";
import type { Catalog } from "./impact-catalog.ts";
import type { Describe, Effect, LossPlan, Touch } from "./impact-effect.ts";

const KIND_NAMES: Readonly<Record<string, string>> = {
  OBJECT_TABLE: "table",
  OBJECT_MATVIEW: "materialized view",
  OBJECT_INDEX: "index",
  OBJECT_SEQUENCE: "sequence",
  OBJECT_SCHEMA: "schema",
  OBJECT_TYPE: "type",
  OBJECT_DOMAIN: "domain",
  OBJECT_EXTENSION: "extension",
};

/** The effect of DROP TABLE, DROP INDEX and their like. */
export const describeDrop: Describe = (node, catalog) => {
  const drop = findPart(node, "DropStmt");
  if (drop === undefined) return undefined;
  const type = drop.removeType ?? "";
  const kind = KIND_NAMES[type] ?? type.replace("OBJECT_", "").toLowerCase().replaceAll("_", " ");
  const keys = (drop.objects ?? []).map((object) => keyOfWords(wordsOf(object)));
  const cascade = drop.behavior === "DROP_CASCADE";
  const summary = `drops the ${kind} ${keys.join(", ")}${cascade ? ", and what depends on it" : ""}`;
  return { summary, ...describeDropped(drop, keys, catalog) };
};

function describeDropped(drop: DropStmt, keys: readonly string[], catalog: Catalog): Omit<Effect, "summary"> {
  const strong = (table: string): Touch => ({ table, lock: "AccessExclusive", work: "none" });
  const cascade = drop.behavior === "DROP_CASCADE";
  switch (drop.removeType) {
    case "OBJECT_TABLE":
    case "OBJECT_SCHEMA": {
      const isSchema = drop.removeType === "OBJECT_SCHEMA";
      const tables = isSchema ? keys.flatMap((key) => catalog.tablesOfSchema(key)) : keys;
      const losses = tables.map((table): LossPlan => ({ kind: "rows", verb: "drops", table }));
      return { touches: tables.flatMap((key) => [key, ...neighboursOf(key, catalog, cascade)]).map(strong), losses };
    }
    case "OBJECT_MATVIEW":
      return { touches: keys.map(strong), losses: [] };
    case "OBJECT_INDEX": {
      const lock = drop.concurrent ? "ShareUpdateExclusive" : "AccessExclusive";
      const tables = keys.flatMap((key) => catalog.findTableOfIndex(key) ?? []);
      return { touches: tables.map((table): Touch => ({ table, lock, work: "none" })), losses: [] };
    }
    case "OBJECT_SEQUENCE":
      return { touches: [], losses: keys.map((key) => ({ kind: "other", verb: "drops", what: `sequence ${key}` })) };
    case "OBJECT_TRIGGER":
    case "OBJECT_POLICY":
    case "OBJECT_RULE": {
      const tables = (drop.objects ?? []).map((object) => keyOfWords(wordsOf(object).slice(0, -1)));
      return { touches: tables.map(strong), losses: [] };
    }
    default: {
      const losesColumns =
        cascade && ["OBJECT_TYPE", "OBJECT_DOMAIN", "OBJECT_EXTENSION"].includes(drop.removeType ?? "");
      const losses = keys.map(
        (key): LossPlan => ({ kind: "other", verb: "drops", what: `the columns that use ${key}` }),
      );
      return { touches: [], losses: losesColumns ? losses : [] };
    }
  }
}

/** The tables whose foreign key triggers go with a table. */
function neighboursOf(key: string, catalog: Catalog, cascade: boolean): string[] {
  const table = catalog.findTable(key);
  const pointedTo = table?.foreignKeys.map(({ to }) => to) ?? [];
  return [...pointedTo, ...(cascade ? [...(table?.referencedBy ?? []), ...(table?.views ?? [])] : [])];
}
