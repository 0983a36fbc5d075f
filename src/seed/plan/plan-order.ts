/** The order of loading: what is referenced comes first. Cycles are cut where the schema allows it. */
import { type TableShape, tableKey } from "../entity.ts";

export interface Dependency {
  /** What references, and what is referenced: names of nodes. */
  from: string;
  to: string;
  /** The referencing columns, for people. */
  columns: readonly string[];
  /**
   * How a cycle may be cut here: the columns are filled once both are loaded, the server checks at the end of the
   * transaction, it does so once the constraint is altered for the run, or not at all.
   */
  cut: "later" | "deferred" | "altered" | "never";
  /** The foreign key's name. */
  key?: string;
}

export interface Order {
  /** Every node, referenced ones first; else in the order in which they were given. */
  nodes: readonly string[];
  /** The dependencies that the order does not keep, each of which may be cut. */
  cut: readonly Dependency[];
  /** A cycle that nothing can cut, of which no order could load any node; the others wait behind it. */
  stuck?: readonly Dependency[];
}

/** The ways to cut a cycle, the best one first. */
const CUTS = ["later", "deferred", "altered"] as const;

/** Orders the nodes. */
export function orderByDependencies(nodes: readonly string[], dependencies: readonly Dependency[]): Order {
  const placed = new Set<string>();
  const cut: Dependency[] = [];
  let open = dependencies.filter(({ from, to }) => from !== to && nodes.includes(to) && nodes.includes(from));
  while (placed.size < nodes.length) {
    const next = nodes.find(
      (node) => !placed.has(node) && open.every(({ from, to }) => from !== node || placed.has(to)),
    );
    if (next !== undefined) {
      placed.add(next);
      continue;
    }
    const waiting = nodes.filter((node) => !placed.has(node));
    const cycle = findCycle(waiting, open, placed);
    const edge = CUTS.map((way) => cycle.find(({ cut }) => cut === way)).find((found) => found !== undefined);
    if (edge === undefined) return { nodes: [...placed], cut, stuck: cycle };
    cut.push(edge);
    open = open.filter((each) => each !== edge);
  }
  return { nodes: [...placed], cut };
}

/** The dependencies of one cycle; each of the nodes waits for another one of them, so that there is one. */
function findCycle(waiting: readonly string[], open: readonly Dependency[], placed: ReadonlySet<string>): Dependency[] {
  const trail: Dependency[] = [];
  for (let node = waiting[0]; node !== undefined; ) {
    const from = node;
    const start = trail.findIndex((edge) => edge.from === from);
    if (start >= 0) return trail.slice(start);
    const edge = open.find((each) => each.from === from && !placed.has(each.to));
    if (edge !== undefined) trail.push(edge);
    node = edge?.to;
  }
  return trail;
}

/** What is wrong with a cycle that nothing can cut. */
export function describeStuck(cycle: readonly Dependency[]): string {
  const names = cycle.map(({ from, columns }) => columns.map((column) => `${from}.${column}`).join(", "));
  return `${names.join(" and ")} reference each other, none of them may be NULL or is deferrable, and this role does not own the tables: no order can load them`;
}

export const STUCK_HINT =
  "make one of the columns nullable, or its constraint DEFERRABLE; or seed as the tables' owner";

/** The tables with those that reference others first, so that each can be emptied in its turn. */
export function cleaningOrder(tables: readonly TableShape[]): TableShape[] {
  const keys = tables.map(tableKey);
  const dependencies = tables.flatMap((table) =>
    table.foreignKeys.map((key) => ({
      ...{ from: tableKey(table), to: key.table, columns: key.columns },
      cut: "later" as const, // in a cycle any order is as good as another
    })),
  );
  const { nodes } = orderByDependencies(keys, dependencies);
  return [...tables].sort((a, b) => nodes.indexOf(tableKey(b)) - nodes.indexOf(tableKey(a)));
}
