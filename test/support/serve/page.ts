/** What tests do with the page of `serve` in a browser. */
import type { Page } from "playwright-core";
import { WAIT_MS } from "./served.ts";

/** Nothing is waited for any more. The page's policy lets nothing be evaluated within it. */
export const ALL_THERE = "main:not(:has([aria-busy=true]))";

/** Goes to a screen and waits until all is there. */
export async function show(page: Page, hash: string): Promise<void> {
  await page.evaluate(`location.hash = "#${hash}"`);
  await page.getByRole("heading", { level: 1, name: hash, exact: false }).waitFor();
  await page.locator(ALL_THERE).waitFor();
}

/** The text of the bar at the bottom is that of the newest job. */
export async function jobEnds(page: Page, words: RegExp): Promise<void> {
  await page.locator(".jobs > button", { hasText: words }).waitFor({ timeout: WAIT_MS });
}
