/** What can be read from the repository itself: its targets, its seeds' scenarios, and its remotes. */
import * as v from "valibot";
import {
  remotesAnswer,
  type ScenarioDocument,
  scenariosAnswer,
  type TargetDocument,
  targetsAnswer,
} from "../answers/targets.ts";
import { worktreesAnswer } from "../answers/worktrees.ts";
import { loadFactories } from "../seed/factory/factory-file.ts";
import { type Api, check, describe, json, mayUse, needs } from "./api.ts";
import { askProgram } from "./asking.ts";
import { LIST } from "./read-routes.ts";

const MAIN: TargetDocument = { name: "main", kind: "main", protected: false };

/** The GETs that no command line answers. */
export function addPlaceRoutes(api: Api, now: () => Date): void {
  const { config } = api;
  const nothing = check("query", v.strictObject({}));
  api.app.get(
    "/api/v1/targets",
    describe({ tag: "targets", summary: "What can be named" }, { 200: json(targetsAnswer, "all of them") }),
    needs("read"),
    nothing,
    async (context) => {
      const { config: settings } = await config();
      const { value: listed } = await askProgram(api, LIST, { answer: worktreesAnswer });
      const names = v.is(worktreesAnswer, listed) ? listed.worktrees.filter(({ main }) => !main) : [];
      const environments = Object.entries(settings.environments).map(
        ([name, each]): TargetDocument => ({ name: `@${name}`, kind: "environment", protected: each.protected }),
      );
      const targets = [
        MAIN,
        ...names.map(({ name }): TargetDocument => ({ name, kind: "worktree", protected: false })),
        ...environments,
      ].filter(({ name }) => mayUse(context.var.grant, name));
      return context.json({ version: 1 as const, project: settings.project, targets });
    },
  );
  api.app.get(
    "/api/v1/scenarios",
    describe(
      { tag: "seeds", summary: "Entities and scenarios of the factory files" },
      { 200: json(scenariosAnswer, "those of the main worktree") },
    ),
    needs("read"),
    nothing,
    async (context) => {
      const factories = await loadFactories((await config()).config.seeds.dir, { today: now() });
      const scenarios = [...factories.scenarios].map(
        ([name, { about, params, counts, only }]): ScenarioDocument => ({
          ...{ name, about: about ?? null, parameters: Object.fromEntries(params) },
          entities: [...(only ?? counts.keys())],
        }),
      );
      return context.json({ version: 1 as const, entities: [...factories.entities.keys()], scenarios });
    },
  );
  api.app.get(
    "/api/v1/remotes",
    describe({ tag: "dumps", summary: "The remotes of dumps.remote" }, { 200: json(remotesAnswer, "their names") }),
    needs("read"),
    nothing,
    async (context) => {
      const { remote = {} } = (await config()).config.dumps;
      return context.json({ version: 1 as const, remotes: Object.keys(remote) });
    },
  );
}
