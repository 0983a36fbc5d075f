/** The page: one file with all that it needs, kept in the program, and read when it is first asked for. */
import { createHash } from "node:crypto";
// Made by build.ts out of page/; a text file to the bundler, so that it stays as it is.
import path from "../../dist/page/page.txt" with { type: "file" };
import { once } from "../sys/once.ts";

export interface Page {
  html: string;
  /** The header that lets its own script and styles run, and nothing else. */
  policy: string;
}

/** Reads it. Throws where the program was not built, but runs from its source. */
export const loadPage = once(async (): Promise<Page> => {
  const html = await Bun.file(path).text();
  return { html, policy: policyOf(html) };
});

/** A Content-Security-Policy with the hashes of what stands in the page. https://www.w3.org/TR/CSP3/ */
export function policyOf(html: string): string {
  const hashes = (tag: "script" | "style") =>
    [...html.matchAll(new RegExp(`<${tag}[^>]*>([\\s\\S]*?)</${tag}>`, "g"))].map(
      ([, text = ""]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`,
    );
  return [
    "default-src 'none'",
    `script-src ${hashes("script").join(" ") || "'none'"}`,
    `style-src ${hashes("style").join(" ") || "'none'"}`,
    ...["connect-src 'self'", "img-src data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
  ].join("; ");
}
