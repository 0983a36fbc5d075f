#!/usr/bin/env node
// `npm run demo`: installs, builds, and plays pgrove's main job on a sample project in a temporary folder.
// Plain Node, since nothing is installed yet. Everything it makes is removed at the end, also on Ctrl-C.
// PGROVE_DEMO_IMAGE names another image than postgres:17.
import { chooseServer } from "./demo/choose-server.mjs";
import { prepare } from "./demo/prepare.mjs";
import { Interrupted, watchSignals } from "./demo/process.mjs";
import { commitProject, makeProject, removeProject } from "./demo/project.mjs";
import { playStory } from "./demo/story.mjs";

const dim = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (dim ? `\x1b[${code}m${text}\x1b[0m` : text);
const say = (text) => process.stdout.write(`${text}\n`);
const stage = {
  tell: (text) => say(`\n${paint("1", text)}`),
  command: (line) => say(paint("36", `$ ${line}`)),
  output: (text) => process.stdout.write(text),
};

watchSignals();
let project;
let began = Date.now();
try {
  await prepare(say);
  const server = await chooseServer(process.env, say);
  began = Date.now();
  project = await makeProject(server);
  await commitProject(project);
  await playStory(project, stage);
} catch (error) {
  process.exitCode = error.exitCode ?? 1;
  say(`\n${error instanceof Interrupted ? "stopping" : `demo failed: ${error.message}`}`);
} finally {
  await cleanUp();
}

async function cleanUp() {
  if (project === undefined) return;
  const left = await removeProject(project);
  for (const thing of left) say(`could not be removed: ${thing}`);
  if (left.length > 0) process.exitCode ||= 1;
  const took = `${((Date.now() - began) / 1000).toFixed(1)} s`;
  if (!process.exitCode) say(`\nDone in ${took}. Everything that the demo made is removed again; dist/pgrove stays.`);
  else if (left.length === 0) say("everything that the demo made is removed again");
}
