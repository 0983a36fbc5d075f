/**
 * The tests' engine by hand. usage: bun test/support/engine/main.ts start | stop | env | versions | patience | clean RUN
 *   start     engine, compose and images; says `started` when it started an engine, else `running`
 *   stop      stops the engine that the tests started, unless containers run on it
 *   env       what a shell needs to use the engine, as `export NAME='value'`
 *   versions  the exact versions of what the tests run on, in one line
 *   patience  how many times longer than on a quiet machine a container takes to start
 *   clean     removes what that run created on the engine, and what dead runs left
 */
import { removeThingsOf } from "./clean.ts";
import { ensureCompose } from "./compose.ts";
import { ensureEngine, stopPrivateEngine } from "./engine.ts";
import { ensureImage, ensurePlainImage, majors } from "./images.ts";
import { measurePatience } from "./patience.ts";
import { say } from "./run.ts";
import { describeVersions } from "./versions.ts";

const [verb, run] = process.argv.slice(2);

switch (verb) {
  case "start": {
    const engine = await ensureEngine();
    console.log(engine.started ? "started" : "running");
    await ensureCompose();
    for (const major of majors) await ensureImage(major);
    await ensurePlainImage();
    break;
  }
  case "stop":
    await stopPrivateEngine();
    break;
  case "env": {
    const engine = await ensureEngine();
    await ensureCompose();
    if (engine.host !== undefined) console.log(`export PGROVE_TEST_DOCKER_HOST='${engine.host}'`);
    for (const name of ["DOCKER_HOST", "DOCKER_CONFIG"])
      if (process.env[name] !== undefined) console.log(`export ${name}='${process.env[name]}'`);
    break;
  }
  case "versions":
    await ensureCompose();
    console.log(await describeVersions());
    break;
  case "patience":
    await ensureEngine();
    console.log(await measurePatience());
    break;
  case "clean":
    await ensureEngine();
    await removeThingsOf(run ?? "dev");
    break;
  default:
    say("usage: main.ts start | stop | env | versions | patience | clean RUN");
    process.exitCode = 2;
}
