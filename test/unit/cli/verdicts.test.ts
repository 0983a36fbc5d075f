import { expect, test } from "bun:test";
import { renderVerdicts, verdictDocument } from "../../../src/cli/answers/dumps.ts";
import { faultOf, type Verdict } from "../../../src/dump/verify.ts";
import { failure, missingError } from "../../../src/errors.ts";

const dump = { name: "x.dump", path: "/x.dump", sizeBytes: 1, modifiedAt: new Date(0) };
const whole: Verdict = { dump, depth: "checksum", checked: "sha256" };
const lacking: Verdict = {
  dump,
  depth: "restore",
  checked: "sha256",
  fault: faultOf(missingError("server_lacks", "no x", "get x"), "restore"),
};
const damaged: Verdict = { dump, depth: "checksum", fault: faultOf(failure("dump_truncated", "cut off"), "check") };

test("JSON tells what is in order from what is whole, and why it is not", () => {
  expect([whole, lacking, damaged].map(verdictDocument)).toMatchObject([
    { name: "x.dump", ok: true, whole: true, checked: "sha256", reason: null, problem: null, hint: null },
    { ok: false, whole: true, reason: "missing", problem: "no x", hint: "get x" },
    { ok: false, whole: false, checked: null, reason: "damaged", problem: "cut off" },
  ]);
});

test("for people each has its word, and what does not go on by itself its hint", () => {
  const lines = renderVerdicts([whole, lacking, damaged]).split("\n");
  expect(lines.slice(0, 4)).toEqual([
    "whole    x.dump",
    "missing  x.dump: no x",
    "  hint: get x",
    "damaged  x.dump: cut off",
  ]);
});
