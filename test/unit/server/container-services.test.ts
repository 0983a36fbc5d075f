import { expect, test } from "bun:test";
import { pickByName } from "../../../src/server/container-services.ts";

const listing = "aaa\trunning\tapi\nbbb\texited\tworker\nccc\tpaused\tcron,link/cron\n";

test("only the containers that run are stopped, in the order asked for", () => {
  expect(pickByName(["worker", "api"], listing)).toEqual(["aaa"]);
  expect(pickByName(["cron", "aaa"], listing)).toEqual(["aaa"]);
});

test("a name that no container has is an error, before anything was stopped", () => {
  expect(() => pickByName(["api", "apu"], listing)).toThrow("there is no container apu");
  expect(() => pickByName([""], listing)).toThrow();
});
