import { expect, test } from "bun:test";
import { pickByName } from "../../../src/server/container-services.ts";

const row = (id: string, state: string, name: string) => ({ id, state, name, labels: {} });
const listing = [row("aaa", "running", "api"), row("bbb", "exited", "worker"), row("ccc", "paused", "cron,link/cron")];

test("only the containers that run are stopped, in the order asked for", () => {
  expect(pickByName(["worker", "api"], listing, "docker")).toEqual(["aaa"]);
  expect(pickByName(["cron", "aaa"], listing, "docker")).toEqual(["aaa"]);
});

test("a name that no container has is an error, before anything was stopped", () => {
  expect(() => pickByName(["api", "apu"], listing, "docker")).toThrow("there is no container apu");
  expect(() => pickByName([""], listing, "docker")).toThrow();
});
