/** The blocks of code of a page in docs/. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface DocsPage {
  /** The blocks of a language, in their order. */
  blocks(language: string): string[];
  /** One of them. Throws where there is none. */
  block(language: string, at?: number): string;
}

export function readPage(name: string): DocsPage {
  const page = readFileSync(join(import.meta.dir, "../../docs", name), "utf8");
  const blocks = (language: string) =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map(([, text = ""]) => text);
  return {
    blocks,
    block: (language, at = 0) => {
      const found = blocks(language)[at];
      if (found === undefined) throw new Error(`no ${language} block ${at} in docs/${name}`);
      return found;
    },
  };
}
