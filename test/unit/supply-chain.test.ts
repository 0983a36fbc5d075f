/** What is fetched from elsewhere is named by its hash. */
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { requireIntegrity, requireLocked, runtimePackage } from "../../scripts/build/runtime.ts";

const root = join(import.meta.dir, "../..");
const lockfile = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));

test("CI's actions are commits, and it keeps no credentials", () => {
  const folder = join(root, ".github/workflows");
  for (const name of readdirSync(folder)) {
    const text = readFileSync(join(folder, name), "utf8");
    const used = [...text.matchAll(/uses:\s*(\S+)/g)].map(([, action]) => action);
    expect(used).not.toBeEmpty();
    for (const action of used) expect(action).toMatch(/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/);
    expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
  }
});

test("every package has its hash, those for other platforms too", () => {
  const packages: [string, { integrity?: string }][] = Object.entries(lockfile.packages);
  const bare = packages.filter(([name, { integrity }]) => name !== "" && integrity === undefined);
  expect(bare).toEqual([]);
});

describe("the runtimes that releases are built from", () => {
  test.each([
    "linux-x64",
    "linux-arm64",
    "linux-x64-musl",
    "linux-arm64-musl",
    "darwin-x64",
    "darwin-arm64",
    "windows-x64",
  ])("%s is pinned", (platform) => {
    expect(requireLocked(lockfile, runtimePackage(platform)).integrity).toStartWith("sha512-");
  });

  test("are taken with no other hash or version", () => {
    const bytes = new TextEncoder().encode("a runtime");
    const hash = `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`;
    expect(() => requireIntegrity(bytes, hash, "x")).not.toThrow();
    expect(() => requireIntegrity(new TextEncoder().encode("another"), hash, "x")).toThrow("is not the package");
    const name = runtimePackage("linux-arm64");
    const packages = { [`node_modules/${name}`]: { version: "0.0.1", integrity: "sha512-x" } };
    expect(() => requireLocked({ packages }, name)).toThrow("does not pin");
  });
});
