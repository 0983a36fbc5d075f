/**
 * Pictures of the page of `serve` into docs/page/, light and dark. usage: bun run scripts/screenshots.ts
 * They are of a made-up shop on a PostgreSQL of the tests; chromium is installed where it is missing.
 */
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { openBrowser } from "../test/support/serve/browser.ts";
import { makeProject } from "../test/support/serve/project.ts";
import { Served } from "../test/support/serve/served.ts";

const SCREENS = ["worktrees", "migrations", "dumps", "data", "seeds", "health", "history"];
const FOLDER = join(import.meta.dir, "../docs/page");
const SIZE = { width: 1280, height: 800 };
/** The page's policy lets nothing be evaluated within it. */
const ALL_THERE = "main:not(:has([aria-busy=true]))";
const NARROW = { width: 360, height: 740 };

const grove = await makeProject(import.meta.path);
await mkdir(grove.repo.path("backup"));
await appendFile(
  join(grove.repo.folder, "pgrove.yaml"),
  `ports: {web: 3000}\ndumps: {remote: {dir: ${grove.repo.path("backup")}}}\n`,
);
await grove.commit("a remote, and a port");
await grove.ok(["trust", "--yes"]);
const served = await Served.start(grove.repo);
await fill();
await mkdir(FOLDER, { recursive: true });
const browser = await openBrowser();
try {
  for (const scheme of ["light", "dark"] as const) await takeAll(browser, scheme);
} finally {
  await browser.close();
  await served[Symbol.asyncDispose]();
  await grove[Symbol.asyncDispose]();
}
process.exit(0); // what the tests keep open of their server for one another would keep it going

/** Worktrees, dumps, rows and something that is pending: what the screens are for. */
async function fill(): Promise<void> {
  await served.work("/api/admin/database/migrate", { skip_backup: true });
  await served.work("/api/admin/database/seed", { seed_type: "all", count: 2000 });
  for (const branch of ["feature/auth", "feature/search", "hotfix"]) {
    await served.work("/api/v1/worktrees", { branch });
    await served.work("/api/v1/targets/main/dumps", { note: branch });
    await served.work("/api/admin/database/seed", { seed_type: "all", count: 1500 });
  }
  const [dump] = (await served.get("/api/v1/dumps")).dumps as { name: string }[];
  await served.work(`/api/v1/dumps/${dump?.name}/verify`, { restore: true });
  await served.work("/api/v1/remotes/dir/push", { dump: dump?.name });
  await Bun.write(join(grove.at("hotfix"), "draft.sql"), "select 1;\n");
  const tokens = {
    "migrations/003_tokens.up.sql": "create table tokens (id text primary key);\n",
    "migrations/003_tokens.down.sql": "drop table tokens;\n",
  };
  await grove.commit("tokens", tokens, grove.at("feature-auth"));
  await served.work("/api/v1/targets/feature-auth/migrate", { skip_backup: true });
  await served.work("/api/v1/targets/feature-auth/snapshots", { name: "before-cleanup" });
  await grove.commit("prices", {
    "migrations/004_prices.up.sql":
      "alter table orders add column price numeric not null default 0;\nalter table orders drop column total;\n",
    "migrations/004_prices.down.sql": "alter table orders drop column price;\n",
  });
}

async function takeAll(browser: Browser, colorScheme: "light" | "dark"): Promise<void> {
  const page = await browser.newPage({ viewport: SIZE, colorScheme });
  await page.goto(served.page);
  for (const name of SCREENS) {
    await page.evaluate(`location.hash = "#${name}"`);
    await page.locator(ALL_THERE).waitFor();
    if (name === "data") await page.getByRole("button", { name: "users" }).click();
    if (name === "seeds") await page.getByRole("button", { name: "Preview ten rows" }).click();
    if (name === "migrations") await page.locator("summary").first().click();
    if (name === "seeds") await page.getByRole("region", { name: "Preview of users" }).waitFor();
    await page.waitForTimeout(500);
    await page.locator(ALL_THERE).waitFor();
    await page.screenshot({ path: join(FOLDER, `${name}-${colorScheme}.png`) });
  }
  await page.evaluate('location.hash = "#worktrees"');
  await page.getByRole("button", { name: "Remove" }).first().click();
  await page.waitForSelector(".plan li");
  await page.screenshot({ path: join(FOLDER, `remove-${colorScheme}.png`) });
  await page.setViewportSize(NARROW);
  await page.reload();
  await page.locator(ALL_THERE).waitFor();
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(FOLDER, `narrow-${colorScheme}.png`) });
  await page.close();
}
