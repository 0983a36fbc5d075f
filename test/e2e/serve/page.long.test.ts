/** The page in a real browser: each screen, what destroys, two tabs, a server that goes and comes back, hostile names. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { quoteIdentifier } from "../../../src/postgres/identifier.ts";
import { runOk, waitFor } from "../../support/engine/run.ts";
import { binary } from "../../support/faults/program.ts";
import { openBrowser } from "../../support/serve/browser.ts";
import { ALL_THERE, jobEnds, show } from "../../support/serve/page.ts";
import { addRemote, makeProject } from "../../support/serve/project.ts";
import { Served, WAIT_MS } from "../../support/serve/served.ts";
import type { Grove } from "../../support/worktrees/grove.ts";

const SCREENS = ["worktrees", "migrations", "dumps", "data", "seeds", "health", "history"];

let grove: Grove;
let served: Served;
let browser: Browser;
let context: BrowserContext;
const wrong: string[] = [];

/** Tables whose names would be markup, turn their neighbours round, or are as long as a name can be. */
const HOSTILE = [
  "<img src=x onerror=\"document.title='owned'\">",
  "a\u202egnp.exe",
  "x".repeat(63),
  "🦊 & 'quotes' \"",
];

beforeAll(async () => {
  grove = await makeProject(import.meta.path);
  for (const name of HOSTILE) await grove.ask(grove.project, `create table "${name.replaceAll('"', '""')}" (one int)`);
  await addRemote(grove);
  served = await Served.start(grove.repo);
  await served.work("/api/admin/database/migrate", { skip_backup: true });
  await served.work("/api/v1/worktrees", { branch: "feature/page" });
  await served.work("/api/v1/targets/feature-page/snapshots", { name: "first" });
  await served.work("/api/v1/targets/main/dumps", {});
  browser = await openBrowser();
});

afterAll(async () => {
  await browser?.close();
  await served?.[Symbol.asyncDispose]();
  await grove?.[Symbol.asyncDispose]();
  const roles = rolesOf(grove).map(quoteIdentifier); // what was kept aside of a restore holds them until now
  await grove?.server.psql("postgres", `drop role if exists ${roles.join(", ")}`);
});

/** Two whose names have to be quoted, for the command line, too. */
function rolesOf({ project }: Grove): [owner: string, heir: string] {
  return [`owner "of" ${project}`, `heir = ${project}`];
}

beforeEach(async () => {
  await context?.close();
  context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(WAIT_MS);
  wrong.length = 0;
});

async function openPage(hash = "worktrees"): Promise<Page> {
  const page = await context.newPage();
  page.on("console", (message) => {
    // Chromium drops what it asks for when a network of the machine comes or goes, as those of other tests do.
    const isOwn = message.type() === "error" && !message.text().includes("ERR_NETWORK_CHANGED");
    if (isOwn) wrong.push(message.text());
  });
  page.on("pageerror", (error) => wrong.push(String(error)));
  page.on(
    "request",
    (request) => new URL(request.url()).origin !== new URL(served.url).origin && wrong.push(request.url()),
  );
  await page.goto(served.page);
  await show(page, hash);
  return page;
}

test.each(["light", "dark"] as const)(
  "every screen, and what asks, has nothing serious for axe, in %s, and asks nobody else",
  async (scheme) => {
    const page = await openPage();
    await page.emulateMedia({ colorScheme: scheme });
    const found: string[] = [];
    const look = async (name: string) => {
      await page.evaluate(axe.source);
      const { violations } = (await page.evaluate("axe.run()")) as {
        violations: { id: string; impact: string; nodes: { html: string }[] }[];
      };
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      found.push(...serious.map(({ id, nodes }) => `${name}: ${id} ${nodes[0]?.html}`));
    };
    for (const name of SCREENS) {
      await show(page, name);
      await look(name);
    }
    await show(page, "worktrees");
    const rewind = page.getByRole("row", { name: /^feature-page/ }).getByRole("button", { name: "Rewind" });
    await rewind.press("Enter");
    await page.getByRole("dialog").locator(".plan li").first().waitFor();
    await look("a question");
    await page.getByRole("button", { name: "Leave it" }).press("5"); // what is asked stays over what it is about
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await rewind.evaluate((button) => button === button.ownerDocument.activeElement)).toBe(true);
    expect(found).toEqual([]);
    expect(wrong).toEqual([]);
    expect(page.url()).not.toContain("token");
  },
);

test("360 px are wide enough on every screen, and for what can be done", async () => {
  const page = await openPage();
  await page.setViewportSize({ width: 360, height: 740 });
  for (const name of SCREENS) {
    await show(page, name);
    expect([name, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([name, 360]);
  }
  await show(page, "worktrees");
  const remove = page.getByRole("row", { name: /^feature-page/ }).getByRole("button", { name: "Remove" });
  const { x, width } = (await remove.boundingBox()) ?? { x: 360, width: 0 };
  expect(x + width).toBeLessThan(360);
});

test("the screens stand in the HTML itself, so that they are painted before any script is run", async () => {
  const bare = await browser.newContext({ javaScriptEnabled: false });
  const page = await bare.newPage();
  await page.goto(served.url);
  expect(await page.getByRole("link").allTextContents()).toEqual(
    SCREENS.map((name) => name.replace(/^./, (first) => first.toUpperCase())),
  );
  await bare.close();
});

test("hostile names are text", async () => {
  const page = await openPage("data");
  const shown = (await page.getByRole("region", { name: "Tables" }).textContent()) ?? "";
  for (const name of HOSTILE) expect(shown).toContain(name.replace("\u202e", "⟨U+202E⟩"));
  expect(await page.title()).toBe("pgrove");
  for (const name of HOSTILE) {
    await page.getByRole("button", { name: name.replace("\u202e", "⟨U+202E⟩"), exact: true }).click();
    await page.getByText("no rows").waitFor();
  }
  expect(await page.evaluate("document.querySelectorAll('main img').length")).toBe(0);
  expect(wrong).toEqual([]);
});

test("rows are read when they are asked for, not whenever something changes", async () => {
  const page = await openPage("data");
  const asked: string[] = [];
  page.on("request", (request) => request.url().includes("/rows?") && asked.push(request.url()));
  await page.getByRole("button", { name: "canary", exact: true }).click();
  await page.getByText("no rows").waitFor();
  await served.work("/api/v1/targets/main/snapshots", { name: "meanwhile" });
  await jobEnds(page, /done snapshot main/);
  await page.locator(ALL_THERE).waitFor();
  expect(asked).toHaveLength(1);
  await page.setViewportSize({ width: 360, height: 300 });
  await page.getByRole("button", { name: "users", exact: true }).click();
  const head = page.getByRole("heading", { name: "First rows of users" });
  await waitFor("the rows in sight", WAIT_MS, async () => ((await head.boundingBox())?.y ?? 300) < 300);
  await page.getByRole("button", { name: "Read again" }).click();
  await waitFor("the rows to be read again", WAIT_MS, async () => asked.length === 3);
  expect(wrong).toEqual([]);
});

test("each version stands in the row of each worktree as it is there", async () => {
  const page = await openPage("migrations");
  const row = page.getByRole("row", { name: /^feature-page/ });
  await page.getByRole("columnheader", { name: "2 orders" }).waitFor();
  await row.getByRole("cell").nth(1).waitFor();
  expect(await row.getByRole("cell").allTextContents()).toEqual(["applied", "applied"]);
});

test("the history is narrowed to a target, and to what failed, as the command line does it", async () => {
  const page = await openPage("history");
  await page.getByRole("row", { name: "dump main" }).waitFor();
  await page.getByLabel("Of").selectOption("feature-page");
  await page.getByText("pgrove history --limit 200 --target feature-page").waitFor();
  await page.getByRole("row", { name: "new feature-page" }).waitFor();
  expect(await page.getByRole("row", { name: " main " }).count()).toBe(0);
  await page.getByLabel("only what failed").check();
  await page.getByText("nothing of that kind").waitFor();
});

describe("deeds", () => {
  test("removing a worktree says what is lost, and wants its name", async () => {
    await served.work("/api/v1/worktrees", { branch: "gone" });
    const page = await openPage();
    await page.getByRole("row", { name: /^gone/ }).getByRole("button", { name: "Remove" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(`${grove.project}_gone`).waitFor();
    await dialog.getByText("pgrove remove gone", { exact: true }).waitFor();
    await dialog.getByLabel("the branch, too").check();
    await dialog.getByText("pgrove remove gone --delete-branch").waitFor();
    await dialog.getByLabel("the branch, too").uncheck();
    await dialog.locator(".plan li").first().waitFor();
    const go = dialog.getByRole("button", { name: "Remove gone", exact: true });
    await dialog.getByLabel("Type gone").fill("gon");
    expect(await go.isDisabled()).toBe(true);
    expect(await grove.databaseNames()).toContain(`${grove.project}_gone`);
    await dialog.getByLabel("Type gone").fill("gone");
    await page.keyboard.press("Enter");
    await jobEnds(page, /done remove gone/);
    await page.getByRole("row", { name: /^gone/ }).waitFor({ state: "detached" });
    expect(await grove.databaseNames()).not.toContain(`${grove.project}_gone`);
  });

  test.each([
    ["worktrees", "New worktree", "New worktree", "made", /done new made/],
    ["worktrees", "Snapshot", "Snapshot feature-page", "second", /done snapshot feature-page/],
    ["dumps", "Dump main", "Dump main", "a note", /done dump main/],
  ])("%s: %s", async (screen, button, title, field, ended) => {
    const page = await openPage(screen);
    const place = button === "Snapshot" ? page.getByRole("row", { name: /^feature-page/ }) : page;
    await place.getByRole("button", { name: button, exact: true }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("textbox").first().fill(field);
    await dialog.getByRole("button", { name: title, exact: true }).click();
    await jobEnds(page, ended);
    expect(wrong).toEqual([]);
  });

  test.each([
    ["worktrees", "Rewind", "Rewind feature-page", "feature-page", /done rewind feature-page/],
    ["worktrees", "Reset", "Reset feature-page", "feature-page", /done reset feature-page/],
    ["dumps", "Restore", "Restore into main", "main", /done restore main/],
    ["dumps", "Prune", "Prune dumps", "store", /done prune/],
  ])("%s: %s wants the name", async (screen, button, title, name, ended) => {
    const page = await openPage(screen);
    const place = screen === "worktrees" ? page.getByRole("row", { name: /^feature-page/ }) : page;
    await place.getByRole("button", { name: button }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.locator(".plan li").first().waitFor();
    await dialog.getByLabel(`Type ${name}`).fill(name);
    await dialog.getByRole("button", { name: title, exact: true }).click();
    await jobEnds(page, ended);
    expect(wrong).toEqual([]);
  });

  test("a restore gives what belonged to a role to another one, and the command line that is shown does the same", async () => {
    const [owner, heir] = rolesOf(grove);
    for (const role of [owner, heir]) await grove.sql.unsafe(`create role ${quoteIdentifier(role)}`);
    const ownerOf = async () =>
      await grove.ask(grove.project, "select relowner::regrole::text from pg_class where relname = 'owned'");
    await grove.ask(grove.project, `create table owned (); alter table owned owner to ${quoteIdentifier(owner)}`);
    await served.work("/api/v1/targets/main/dumps", {});
    const page = await openPage("dumps");
    await page.getByRole("button", { name: "Restore" }).first().click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(`What belongs to ${owner} goes to`).fill(heir);
    const line = (await dialog.locator(".line code").textContent()) ?? "";
    await dialog.locator(".plan li").first().waitFor();
    await dialog.getByLabel("Type main").fill("main");
    await dialog.getByRole("button", { name: "Restore into main", exact: true }).click();
    await jobEnds(page, /done restore main/);
    expect(await ownerOf()).toBe(quoteIdentifier(heir));
    await grove.ask(grove.project, `alter table owned owner to ${quoteIdentifier(owner)}`);
    const bin = join(grove.repo.path("bin"), "pgrove");
    await mkdir(grove.repo.path("bin"), { recursive: true });
    await symlink(binary, bin);
    const typed = `PATH=${grove.repo.path("bin")}:$PATH; ${line} --yes`;
    await runOk("sh", ["-c", typed], { cwd: grove.repo.folder, env: grove.repo.environment() });
    expect(await ownerOf()).toBe(quoteIdentifier(heir));
    expect(wrong).toEqual([]);
  });

  test("a dump is pushed to the remote, and pulled from it", async () => {
    const page = await openPage("dumps");
    const remote = page.getByRole("region", { name: "Remote dir" });
    await remote.getByRole("button", { name: "Push what is not there" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("pgrove dumps push --remote dir").waitFor();
    await dialog.locator(".plan li", { hasText: "is put to" }).first().waitFor();
    await dialog.getByRole("button", { name: "Push to dir", exact: true }).click();
    await jobEnds(page, /done push/);
    await remote.getByText("is here, too").first().waitFor();
    const name = (await remote.getByRole("cell").first().textContent()) ?? "";
    await served.work(`/api/v1/dumps/${name}/remove`, { confirm: "store" });
    await remote.getByRole("button", { name: "Pull" }).click();
    await dialog.getByRole("button", { name: "Pull the dump", exact: true }).click();
    await jobEnds(page, /done pull/);
    await remote.getByRole("button", { name: "Pull" }).waitFor({ state: "detached" });
    expect(wrong).toEqual([]);
  });

  test("a dump is verified, a scenario previewed and run", async () => {
    const page = await openPage("dumps");
    await page.getByRole("button", { name: "Verify" }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Verify by restoring", exact: true }).click();
    await jobEnds(page, /done verify/);
    await show(page, "seeds");
    await page.getByRole("button", { name: "Preview ten rows" }).click();
    await page.getByRole("region", { name: "Preview of users" }).waitFor();
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Run user_onboarding", exact: true }).click();
    await jobEnds(page, /done seed main/);
    await show(page, "data");
    await page.getByRole("row", { name: /^users 10/ }).waitFor();
  });
});

test("two tabs show the same, and the keys lead to the screens", async () => {
  const [one, two] = [await openPage(), await openPage()];
  await served.work("/api/v1/worktrees", { branch: "tabs" });
  for (const page of [one, two]) await page.getByRole("row", { name: /^tabs/ }).waitFor();
  await one.keyboard.press("5");
  await one.getByRole("heading", { level: 1, name: "Seeds" }).waitFor();
});

test("without a token it asks for one; with a server gone it says so, and goes on when it is back", async () => {
  const alone = await context.newPage();
  await alone.goto(served.url);
  await alone.getByLabel("Token").waitFor();
  const token = JSON.parse(await grove.ok(["serve", "token", "create", "--scope", "read", "--json"])).token;
  const port = new URL(served.url).port;
  const page = await context.newPage();
  await page.goto(`${served.url}#token=${token}`);
  await page.getByRole("row", { name: /^main/ }).waitFor();
  const ofThisRun = await openPage();
  await served.end();
  await page.getByText("The server does not answer").waitFor();
  expect(await page.getByRole("row", { name: /^main/ }).isVisible()).toBe(true);
  served = await Served.start(grove.repo, [`--listen=127.0.0.1:${port}`]);
  await page.getByText("The server does not answer").waitFor({ state: "detached" });
  await ofThisRun.getByLabel("Token").waitFor();
});

test.each([1280, 360])("nothing moves when data arrive, on any screen, %i px wide", async (width) => {
  const one = await openPage();
  const token = await one.evaluate("sessionStorage.getItem('pgrove-token')");
  const moved: [screen: string, share: number][] = [];
  for (const name of SCREENS) {
    const page = await context.newPage();
    await page.setViewportSize({ width, height: 800 });
    await page.addInitScript(`sessionStorage.setItem("pgrove-token", ${JSON.stringify(token)}); window.moved = 0;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.moved += entry.value;
      }).observe({ type: "layout-shift", buffered: true });`);
    await page.goto(`${served.url}#${name}`);
    await page.getByRole("heading", { level: 1, name, exact: false }).waitFor();
    await page.locator(ALL_THERE).waitFor();
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    moved.push([name, (await page.evaluate("window.moved")) as number]);
    await page.close();
  }
  expect(moved.filter(([, share]) => share > 0.01)).toEqual([]);
});
