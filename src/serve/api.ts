/** How an operation of the API is declared: its path, its forms, who may, and the command line that it is. */
import type { Context, Hono, MiddlewareHandler } from "hono";
import { describeRoute, resolver, validator } from "hono-openapi";
import * as v from "valibot";
import { dumpsAnswer } from "../answers/dumps.ts";
import { errorAnswer } from "../answers/error.ts";
import { jobAnswer } from "../answers/jobs.ts";
import type { LoadedConfig } from "../config/load-config.ts";
import type { Grant } from "./access-tokens.ts";
import { type Asking, askPlan, askProgram } from "./asking.ts";
import { HttpError } from "./failures.ts";
import { type JobRequest, type Jobs, showLine } from "./jobs.ts";
import { SCOPES, type Scope } from "./scopes.ts";

export interface ApiVariables {
  Variables: {
    grant: Grant;
    /** Whether the token still counts: a stream goes on for longer than it may. */
    stillCounts(): Promise<boolean>;
  };
}

export interface Api extends Asking {
  app: Hono<ApiVariables>;
  jobs: Jobs;
  /** pgrove.yaml as it is now. */
  config(): Promise<LoadedConfig>;
}

type Form = v.GenericSchema<Record<string, unknown>, Record<string, unknown>>;
type Answer = v.GenericSchema<unknown, { version: 1 }>;

/** What every operation says of itself. */
interface Route<Path extends Form, Query extends Form> {
  path: string;
  tag: string;
  summary: string;
  params?: Path;
  query?: Query;
}

type Input<Path extends Form, Query extends Form> = v.InferOutput<Path> & v.InferOutput<Query>;

export interface ReadRoute<Path extends Form, Query extends Form> extends Route<Path, Query> {
  answer: Answer;
  words(input: Input<Path, Query>): readonly string[];
  /** The target that is read; a token may be for some alone. */
  target?(input: Input<Path, Query>): string | undefined;
  /** What of the answer is for somebody who may see some targets alone, where it is not of one that was asked for. */
  only?(document: Record<string, unknown>, maySee: (target: string) => boolean): Record<string, unknown>;
  /** It tells of all targets at once: nobody sees it who may see some alone. */
  ofAll?: true;
  /** The dump of the store that is read. */
  dump?(input: Input<Path, Query>): string;
  /** An answer counts although the command says that the server does not run. */
  anyExit?: true;
}

export interface JobRoute<Path extends Form, Query extends Form, Body extends Form> extends Route<Path, Query> {
  scope: Exclude<Scope, "read">;
  operation: string;
  body: Body;
  words(input: Input<Path, Query> & v.InferOutput<Body>, target: string | undefined): readonly string[];
  target?(input: Input<Path, Query> & v.InferOutput<Body>): string | undefined | Promise<string>;
  /** Whose data the input has it take besides: a token has to be for them, too. */
  takes?(input: Input<Path, Query> & v.InferOutput<Body>): Taken;
  /** The same of what only a plan can tell, which is asked for where a token is for some targets alone. */
  takesByPlan?(plan: Record<string, unknown>): Taken[];
  /** It destroys what the name says, which `confirm` has to name, unless it is a dry run. */
  destroys?(input: Input<Path, Query> & v.InferOutput<Body>): string;
}

/** A target, or a dump in the store. */
export interface Taken {
  target?: string | undefined;
  dump?: string | undefined;
}

const nothing = v.strictObject({});
/** Checks that JSON Schema has no words for are left out of the document, and hold all the same. */
const LOOSE = { errorMode: "ignore" };
export const planAnswer = v.looseObject({ version: v.literal(1) });

const json = (schema: v.GenericSchema, description: string) => ({
  description,
  content: { "application/json": { schema: resolver(schema, LOOSE) } },
});

const FAILURES = {
  400: json(errorAnswer, "the request is wrong"),
  401: json(errorAnswer, "no token, or none that counts"),
  403: json(errorAnswer, "the token does not allow it"),
  409: json(errorAnswer, "refused: it needs consent, or somebody else is at it"),
  default: json(errorAnswer, "it failed"),
};

export function describe(route: Pick<Route<Form, Form>, "tag" | "summary">, done: Record<number, object>) {
  const { tag, summary } = route;
  return describeRoute({ tags: [tag], summary, security: [{ token: [] }], responses: { ...done, ...FAILURES } });
}

export { json };

/** Wrong input is answered in our words: the validators' own would repeat what was sent. */
export function check<Target extends "param" | "query" | "json", Schema extends Form>(target: Target, schema: Schema) {
  return validator(
    target,
    schema,
    (result) => {
      if (result.success) return;
      const where = result.error.map(
        ({ path, message }) => `${pathOf(path)}${path?.length ? ": " : ""}${reasonOf(message)}`,
      );
      throw new HttpError(400, "invalid", `the ${PLACES[target]} is not as it has to be: ${where.join("; ")}`);
    },
    { options: LOOSE },
  );
}

const PLACES = { param: "path", query: "query", json: "body" } as const;

function pathOf(path: readonly (PropertyKey | { key: PropertyKey })[] | undefined): string {
  const keys = (path ?? []).map((part) => String(typeof part === "object" ? part.key : part));
  return keys.map((key) => (/^[\w-]{1,60}$/.test(key) ? key : "(a key)")).join(".");
}

/** What was expected, without what was received. */
function reasonOf(message: string): string {
  return message.replace(/ but received .*$/s, "").slice(0, 200);
}

/** Lets through who has at least that scope. */
export function needs(scope: Scope): MiddlewareHandler<ApiVariables> {
  return async (context, next) => {
    const { grant } = context.var;
    if (SCOPES.indexOf(grant.scope) < SCOPES.indexOf(scope)) {
      throw new HttpError(403, "scope", `the token's scope is ${grant.scope}; this needs ${scope}`, hintOf(scope));
    }
    await next();
  };
}

function hintOf(scope: Scope): string {
  return `pgrove serve token create --scope ${scope}`;
}

/** Whether somebody may see a target. */
export function mayUse({ targets }: Grant, target: string): boolean {
  return targets.length === 0 || targets.includes(target);
}

/** Throws where a token is not for the target; undefined: for what belongs to none. */
export function requireTarget(grant: Grant, target: string | undefined): void {
  if (target === undefined ? grant.targets.length === 0 : mayUse(grant, target)) return;
  const what = target === undefined ? "what belongs to no target" : "this target";
  throw new HttpError(403, "target", `the token is not for ${what}`);
}

/** How a target is typed that is written down: there an environment has no @, and in the history its file behind it. */
async function typedNames({ config }: Api): Promise<(written: string) => string> {
  const { environments } = (await config()).config;
  return (written) => {
    const name = written.replace(/ \(.*\)$/s, "");
    return Object.hasOwn(environments, name) ? `@${name}` : name;
  };
}

/** A GET whose answer is that of a command line. */
export function addRead<Path extends Form = typeof nothing, Query extends Form = typeof nothing>(
  api: Api,
  route: ReadRoute<Path, Query>,
): void {
  const { params, query, answer } = route;
  api.app.get(
    route.path,
    describe(route, { 200: json(answer, "as it is now") }),
    needs("read"),
    check("param", params ?? v.looseObject({})),
    check("query", query ?? nothing),
    async (context) => {
      const input = inputOf<Input<Path, Query>>(context, ["param", "query"]);
      const { grant } = context.var;
      const target = route.target?.(input);
      if (target !== undefined || route.ofAll) requireTarget(grant, target);
      if (route.dump !== undefined) await requireStored(api, route.dump(input));
      const words = route.words(input);
      const { value, ageMs } = await askProgram(api, words, route);
      const isWhole = route.only === undefined || target !== undefined || grant.targets.length === 0;
      const typed = isWhole ? undefined : await typedNames(api);
      const document = (typed && route.only?.(value, (written) => mayUse(grant, typed(written)))) ?? value;
      context.header("Age", String(Math.floor(ageMs / 1000)));
      context.header("X-Pgrove-Command", encodeURI(showLine(words)));
      return context.json(document);
    },
  );
}

/** A POST that begins a job, or with `dry_run` answers with the plan. */
export function addJob<Body extends Form, Path extends Form = typeof nothing, Query extends Form = typeof nothing>(
  api: Api,
  route: JobRoute<Path, Query, Body>,
): void {
  const { params, query, body } = route;
  api.app.post(
    route.path,
    describe(route, {
      202: json(jobAnswer, "begun; Location is the job's"),
      200: json(planAnswer, "the plan of a dry run"),
    }),
    needs(route.scope),
    check("param", params ?? v.looseObject({})),
    check("query", query ?? nothing),
    wantObject,
    check("json", body),
    async (context) => {
      const input = inputOf<Input<Path, Query> & v.InferOutput<Body>>(context, ["param", "query", "json"]);
      const { grant } = context.var;
      const target = await route.target?.(input);
      requireTarget(grant, target);
      await requireTaken(api, grant, route.takes?.(input) ?? {});
      const words = [...route.words(input, target), ...confirmation(input)];
      if (route.takesByPlan !== undefined && grant.targets.length > 0) {
        const plan = await askPlan(api, words);
        for (const taken of route.takesByPlan(plan)) await requireTaken(api, grant, taken);
      }
      if (Reflect.get(input, "dry_run") === true) {
        return context.json(await askPlan(api, words));
      }
      requireName(route.destroys?.(input), input);
      const request: JobRequest = { operation: route.operation, target, words, by: grant.id };
      const job = api.jobs.start(request);
      context.header("Location", `/api/v1/jobs/${job.id}`);
      return context.json({ version: 1 as const, job }, 202);
    },
  );
}

/** Else somebody who may replace one target could read all others there. */
async function requireTaken(api: Api, grant: Grant, { target, dump }: Taken): Promise<void> {
  if (target !== undefined) requireTarget(grant, target);
  if (dump === undefined) return;
  const source = await requireStored(api, dump);
  if (grant.targets.length > 0) requireTarget(grant, (await typedNames(api))(source));
}

/** Only what lies in the store has a name here: the command line would take a file of the folder that it stands in, too. */
async function requireStored(api: Api, name: string): Promise<string> {
  const { value } = await askProgram(api, ["dumps", "list"], { answer: dumpsAnswer });
  const found = v.is(dumpsAnswer, value) ? value.dumps.find((each) => each.name === name) : undefined;
  if (found !== undefined) return found.source;
  throw new HttpError(404, "dump_missing", "there is no dump of that name in the store", "GET /api/v1/dumps");
}

/** Else a list would do for an object without keys, and what is no JSON would be told in words of others. */
const wantObject: MiddlewareHandler<ApiVariables> = async ({ req }, next) => {
  const sent: unknown = await req.json().catch(() => undefined);
  if (typeof sent === "object" && sent !== null && !Array.isArray(sent)) return await next();
  throw new HttpError(400, "invalid", "the body is no JSON object", 'send {"key": value}, or {}');
};

function confirmation(input: object): string[] {
  const name: unknown = Reflect.get(input, "confirm");
  return typeof name === "string" ? [`--confirm=${name}`] : [];
}

/** What destroys wants the name before anything begins. */
function requireName(name: string | undefined, input: object): void {
  if (name === undefined || typeof Reflect.get(input, "confirm") === "string") return;
  const hint = `ask with "dry_run": true what is lost; then add "confirm": ${JSON.stringify(name)}`;
  throw new HttpError(409, "consent", `this destroys data of ${name}, and needs its name typed`, hint);
}

/** What the validators have let through, of all places together. */
function inputOf<T>(context: Context<ApiVariables>, places: readonly ("param" | "query" | "json")[]): T {
  const { req } = context as Context<ApiVariables, string, { out: Record<"param" | "query" | "json", object> }>;
  return Object.assign({}, ...places.map((place) => req.valid(place))) as T;
}
