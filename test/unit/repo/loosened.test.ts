import { expect, test } from "bun:test";
import type { Config } from "../../../src/config/config-schema.ts";
import { readConfigText } from "../../../src/config/load-config.ts";
import { keepProtected, listLoosened, listUnprotected } from "../../../src/repo/loosened.ts";

async function read(text: string): Promise<Config> {
  const whole = `project: shop\nserver: {container: pg}\n${text}`;
  const config = await readConfigText(whole, { dir: "/shop", root: "/shop" }, { environment: {} });
  if (config === undefined) throw new Error(text);
  return config;
}

const encrypted = "encrypt: {recipients: [age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p]";

test.each([
  ["dumps: {keep: {last: 9}}", "dumps: {keep: {last: 9, daily: 1}}", []],
  ["dumps: {keep: {last: 9}}", "dumps: {keep: {last: 8}}", ["dumps.keep"]],
  ["", "dumps: {keep: {last: 3, daily: 7, weekly: 4, monthly: 11}}", ["dumps.keep"]],
  ["", "dumps: {keep: {last: 3, daily: 7, weekly: 4, monthly: 12, within: 2d}}", []],
  ["dumps: {keep: {within: 2m}}", "dumps: {keep: {within: 59d}}", ["dumps.keep"]],
  ["dumps: {keep: {within: 48h}}", "dumps: {keep: {within: 2d, last: 1}}", []],
  ["dumps: {keep: {last: 9}}", "dumps: {keep: {last: 9, remote: true}}", ["dumps.keep"]],
  [`dumps: {${encrypted}}}`, "", ["dumps.encrypt"]],
  ["", `dumps: {${encrypted}}}`, []],
  [`dumps: {${encrypted}}}`, `dumps: {${encrypted}, names: true}}`, ["dumps.encrypt"]],
  ["snapshots: {keep: 5}", "snapshots: {keep: {last: 5, daily: 2}}", []],
  ["", "snapshots: {keep: 4}", ["snapshots.keep"]],
  ["snapshots: {keep: {daily: 7}}", "snapshots: {keep: 7}", ["snapshots.keep"]],
  ["dumps: {prove: true}", "dumps: {prove: false}", ["dumps.prove"]],
  ["environments: {live: {env_file: .env.live, protected: true}}", "", ["environments.protected"]],
  [
    "environments: {live: {env_file: .env.live, protected: true}}",
    "environments: {live: {env_file: .env.live}, more: {env_file: .env.live}}",
    ["environments.protected"],
  ],
  [
    "environments: {live: {env_file: .env.live, protected: true}}",
    "environments: {live: {env_file: .env.decoy, protected: true}, stage: {env_file: .env.live}}",
    ["environments.protected"],
  ],
  ["environments: {live: {env_file: .env.live}}", "", []],
  ["", "prune: {after: 7d, keep: 8d}", []],
  ["", "prune: {after: 6d, keep: 8d}", ["prune"]],
])("%p and then %p takes away %p", async (before, after, keys) => {
  const loosened = listLoosened(await read(before), await read(after));
  expect(loosened.map(({ key }) => String(key))).toEqual(keys);
});

test("a rule that keeps less is shown with the one that it takes the place of", async () => {
  const [item] = listLoosened(
    await read("dumps: {keep: {last: 9, within: 1y6m}}"),
    await read("dumps: {keep: {last: 1}}"),
  );
  expect(item?.text).toBe("last: 1  (the default branch: last: 9, within: 1y6m)");
});

test("what was protected stays so, under its name, also where it is gone", async () => {
  const before = await read(
    "environments: {live: {env_file: .env.live, protected: true}, old: {env_file: .env.old, protected: true}}",
  );
  const after = await read("environments: {live: {env_file: .env.other}, dev: {env_file: .env.dev}}");
  const names = listUnprotected(before, after);
  expect(names).toEqual(["live", "old"]);
  const { environments } = keepProtected(after, before, names);
  expect(Object.entries(environments).map(([name, each]) => [name, each.env_file, each.protected])).toEqual([
    ["live", "/shop/.env.other", true],
    ["dev", "/shop/.env.dev", false],
    ["old", "/shop/.env.old", true],
  ]);
});
