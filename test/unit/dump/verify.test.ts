import { expect, test } from "bun:test";
import type { Reason } from "../../../src/dump/proof.ts";
import { exitOf, faultOf, type Verdict } from "../../../src/dump/verify.ts";
import { failure, missingError, refusal } from "../../../src/errors.ts";

const dump = { name: "x.dump", path: "/x.dump", sizeBytes: 1, modifiedAt: new Date(0) };

test("damaged is said only of damaged bytes", () => {
  const check = (code: string) => faultOf(failure(code, "x"), "check").reason;
  const restore = (error: unknown) => faultOf(error, "restore").reason;
  expect(["dump_damaged", "dump_truncated", "manifest_damaged"].map(check)).toEqual(["damaged", "damaged", "damaged"]);
  expect(["not_a_dump", "dump_wrapped", "cluster_dump"].map(check)).toEqual(["unusable", "unusable", "unusable"]);
  expect(restore(failure("dump_damaged", "x"))).toBe("damaged");
  expect(restore(failure("rows_differ", "x"))).toBe("differs");
  expect(restore(missingError("server_lacks", "x"))).toBe("missing");
  expect(restore(refusal("dump_newer", "x"))).toBe("refused");
  expect(["load_order", "load_search_path", "restore_failed"].map((code) => restore(failure(code, "x")))).toEqual([
    "failed",
    "failed",
    "failed",
  ]);
  expect(restore(new Error("x"))).toBe("failed");
  expect(faultOf(failure("dump_damaged", "x", "pgrove dumps verify --all"), "check").hint).not.toContain("verify");
  expect(faultOf(failure("load_order", "why", "do this"), "restore")).toEqual({
    ...{ reason: "failed", problem: "why", hint: "do this" },
  });
});

test("the exit code is that of the worst", () => {
  const verdict = (reason?: Reason): Verdict =>
    reason === undefined
      ? { dump, depth: "checksum" }
      : { dump, depth: "checksum", fault: { reason, problem: "x", hint: undefined } };
  const exit = (...reasons: (Reason | undefined)[]) => exitOf(reasons.map(verdict));
  expect(exit()).toBe(0);
  expect(exit(undefined)).toBe(0);
  for (const reason of ["damaged", "unusable", "differs"] as const) expect(exit("missing", reason, "failed")).toBe(6);
  expect([exit("failed", "missing"), exit("failed", "refused"), exit(undefined, "failed")]).toEqual([4, 5, 1]);
});
