/** Debian's chromium, which is installed where it is missing and that is possible. */
import { type Browser, chromium } from "playwright-core";
import { canInstall, installPackages } from "../engine/apt.ts";
import { say } from "../engine/run.ts";

const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  ...["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
];

/** Opens a browser without a window. Throws where there is none, and none can be had. */
export async function openBrowser(): Promise<Browser> {
  if (Bun.which("chromium") === null) {
    if (!canInstall()) throw new Error("chromium is needed for these tests: apt-get install chromium");
    say("installing chromium");
    await installPackages(["chromium"]);
  }
  return await chromium.launch({ executablePath: Bun.which("chromium") ?? "chromium", args: FLAGS });
}
