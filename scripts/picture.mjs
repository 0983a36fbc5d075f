#!/usr/bin/env node
// Plays the demo's story and draws docs/terminal.svg from what the compiled binary really says.
// usage: node scripts/picture.mjs [FILE]     the server is chosen as in `npm run demo`
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseServer } from "./demo/choose-server.mjs";
import { prepare, root } from "./demo/prepare.mjs";
import { watchSignals } from "./demo/process.mjs";
import { commitProject, makeProject, removeProject } from "./demo/project.mjs";
import { playStory } from "./demo/story.mjs";
import { drawTerminal } from "./picture/draw.mjs";

/** What is left out of the picture: making the sample data, and what is counted again and again. */
const LEFT_OUT = [/^docker create/, /^pgrove sql -f schema/, /^pgrove history/];
const COUNTED_OFTEN = /^pgrove sql (@feature |feature-search )?-f counts/;

const say = (text) => process.stderr.write(`${text}\n`);
watchSignals();
let project;
try {
  await prepare(say);
  project = await makeProject(await chooseServer(process.env, say));
  await commitProject(project);
  const parts = [];
  await playStory(project, {
    tell: (text) => parts.push({ kind: "tell", text, output: "" }),
    command: (text) => parts.push({ kind: "command", text, output: "" }),
    output: (text) => {
      const last = parts.at(-1);
      if (last !== undefined) last.output += text;
    },
  });
  const file = process.argv[2] ?? join(root, "docs/terminal.svg");
  writeFileSync(file, drawTerminal(choose(parts).flatMap((part) => linesOf(part, project))));
  say(`wrote ${file}`);
} catch (error) {
  process.exitCode = error.exitCode ?? 1;
  say(`picture failed: ${error.message}`);
} finally {
  for (const thing of project === undefined ? [] : await removeProject(project)) say(`could not be removed: ${thing}`);
}

/** The first two counts show the accident; the end of the story compares all of them. */
function choose(parts) {
  let counted = 0;
  return parts.filter(({ text }) => {
    if (COUNTED_OFTEN.test(text)) counted += 1;
    return !LEFT_OUT.some((pattern) => pattern.test(text)) && !(COUNTED_OFTEN.test(text) && counted > 2);
  });
}

function linesOf({ kind, text, output }, { folder }) {
  const shown = output.replaceAll(folder, "~").replace(/\n+$/, "");
  const lines = shown === "" ? [] : shown.split("\n").map((line) => ({ kind: "output", text: line }));
  if (kind === "tell") return [{ kind: "output", text: "" }, { kind: "tell", text: `# ${text}` }, ...lines];
  return [{ kind: "command", text: `$ ${text}` }, ...lines];
}
