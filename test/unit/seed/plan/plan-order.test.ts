import { describe, expect, test } from "bun:test";
import {
  cleaningOrder,
  type Dependency,
  describeStuck,
  orderByDependencies,
} from "../../../../src/seed/plan/plan-order.ts";
import { id, reference, table } from "./tables.ts";

/** `orders.user_id>users`, `!` before it where it may be NULL, `~` where it is deferrable, `^` where it can be made so. */
function dependency(written: string): Dependency {
  const [, mark, from = "", column = "", to = ""] = /^([!~^]?)(\w+)\.(\w+)>(\w+)$/.exec(written) ?? [];
  const cuts = { "!": "later", "~": "deferred", "^": "altered" } as const;
  return { from, to, columns: [column], cut: cuts[mark as keyof typeof cuts] ?? "never" };
}

const order = (nodes: string, ...edges: string[]) => orderByDependencies(nodes.split(" "), edges.map(dependency));

describe("the order of loading", () => {
  test.each([
    ["a b c", [], "a b c"],
    ["a b c", ["a.b_id>b", "b.c_id>c"], "c b a"],
    ["a b c", ["a.c_id>c"], "b c a"],
    ["a b", ["a.parent_id>a", "a.x_id>elsewhere"], "a b"],
  ] as const)("%s with %p", (nodes, edges, expected) => {
    expect(order(nodes, ...edges)).toEqual({ nodes: expected.split(" "), cut: [] });
  });

  test("a cycle is cut at the side that may be NULL, whichever it is", () => {
    expect(order("a b", "!a.b_id>b", "b.a_id>a")).toEqual({ nodes: ["a", "b"], cut: [dependency("!a.b_id>b")] });
    expect(order("a b", "a.b_id>b", "!b.a_id>a")).toEqual({ nodes: ["b", "a"], cut: [dependency("!b.a_id>a")] });
  });

  test("else where the constraint is deferrable", () => {
    expect(order("a b", "a.b_id>b", "~b.a_id>a").cut).toEqual([dependency("~b.a_id>a")]);
    expect(order("a b", "!a.b_id>b", "~b.a_id>a").cut).toEqual([dependency("!a.b_id>b")]);
  });

  test("else where the constraint can be made to wait", () => {
    expect(order("a b", "^a.b_id>b", "b.a_id>a").cut).toEqual([dependency("^a.b_id>b")]);
    expect(order("a b", "^a.b_id>b", "~b.a_id>a").cut).toEqual([dependency("~b.a_id>a")]);
  });

  test("two cycles through one table are each cut", () => {
    const { nodes, cut } = order("a b c", "a.b_id>b", "!b.a_id>a", "a.c_id>c", "!c.a_id>a");
    expect(nodes.at(-1)).toBe("a");
    expect(cut).toHaveLength(2);
  });

  test("a long cycle that cannot be cut is named, and only it", () => {
    const { stuck = [] } = order("z a b c", "a.b_id>b", "b.c_id>c", "c.a_id>a", "!z.a_id>a");
    expect(describeStuck(stuck)).toMatch(/^a\.b_id and b\.c_id and c\.a_id reference each other/);
  });
});

test("cleaning begins with what references others, cycles included", () => {
  const users = table("users", [id]);
  const orders = table("orders", [id], {
    foreignKeys: [reference("user_id>users.id"), reference("last_line>lines.id")],
  });
  const lines = table("lines", [id], { foreignKeys: [reference("order_id>orders.id")] });
  const names = cleaningOrder([users, orders, lines]).map(({ name }) => name);
  expect(names.at(-1)).toBe("users");
  expect(names.toSorted()).toEqual(["lines", "orders", "users"]);
});
