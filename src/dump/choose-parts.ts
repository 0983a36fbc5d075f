/** Which parts of a dump go in: by what was asked for, what the server has, and what the login may do there. */
import { grantsOfExtensions, rowsOfExtensions } from "../archive/archive-wants.ts";
import { type ElevatedStatement, takenBy, withoutDefiant } from "../archive/elevated.ts";
import { isOfSubscription, isSkipped, type Skipping, TABLESPACES, type Want } from "../archive/wants.ts";
import type { Needs, ServerFacts } from "../unit/needs.ts";
import type { InspectedDump } from "./inspect.ts";

/** What may be left out of a dump. */
export interface PartChoice {
  /** Leave owners and grants out. */
  noOwner: boolean;
  /** Everything will belong to one role: owners are left out, and grants stay where the server has their roles. */
  ownRole?: boolean;
  /** Extensions to leave out. */
  skippedExtensions?: readonly string[];
  /** Leave out what the login may not create. */
  skipForbidden?: boolean;
  /** Everything lies in the database's own tablespace. */
  noTablespaces?: boolean;
}

/** What goes in, what is said of the rest, and what is needed all the same. */
export interface Parts {
  /** What the login's load leaves out: also what the administrator makes. */
  skipping: Skipping;
  /** What the administrator makes, once that was agreed to. */
  elevated: readonly ElevatedStatement[];
  notes: string[];
  needs: Omit<Needs, "missingCollations">;
}

/** Whether owners are left out: that of a worktree's schema is its own role, which nobody else has. */
function leavesOwners({ noOwner, ownRole = false }: PartChoice, { dump }: InspectedDump): boolean {
  return noOwner || ownRole || Boolean(dump.manifest?.schema);
}

export function chooseParts(inspected: InspectedDump, facts: ServerFacts, choice: PartChoice): Parts {
  const { wants } = inspected;
  const owners = leavesOwners(choice, inspected);
  const absent = (want: Want) => want.roles.filter((role) => !facts.roles.includes(role));
  const ungranted = owners ? wants.filter(({ kind }) => kind === "grant").flatMap(absent) : [];
  const grants = choice.noOwner || ungranted.length > 0;
  const asked = new Set((choice.skippedExtensions ?? []).map((name) => `extension ${name}`));
  const roleless = owners ? wants.filter((want) => isForNobody(want, facts)) : [];
  const forbidden = choice.skipForbidden ? findForbidden(inspected, facts) : [];
  const without = [...asked, ...forbidden].some((object) => object.startsWith("extension "));
  const { entries } = inspected;
  const orphans = without ? [...rowsOfExtensions(entries), ...grantsOfExtensions(entries)] : [];
  const objects = new Set([...asked, ...roleless.map(({ object }) => object), ...forbidden, ...orphans]);
  for (const { object } of wants.filter(isOfSubscription)) objects.add(object);
  if (choice.noTablespaces) objects.add(TABLESPACES);
  if (!facts.mayAll) objects.add("extension plpgsql"); // every database has it, and it is the superuser's
  const elevated = chooseElevated(inspected, facts, objects);
  for (const object of takenBy(elevated)) objects.add(object);
  const skipping = { owners, grants, objects };
  const noted = (what: string, names: Iterable<string>) => {
    const list = [...new Set(names)].join(", ");
    return list === "" ? [] : [`${what}: ${list}`];
  };
  const unknown = [...asked].filter((object) => !wants.some((want) => want.object === object));
  return {
    ...{ skipping, elevated },
    notes: [
      ...(choice.noOwner ? [] : noted("grants are left out, since there is no such role here", ungranted)),
      ...noted(
        "left out, since nobody here has the role that it is for (row security stays on)",
        roleless.map(({ object }) => object),
      ),
      ...noted(`left out, since ${facts.login} may not create it`, forbidden),
      ...noted(
        "left out",
        [...asked].filter((object) => !unknown.includes(object)),
      ),
      ...noted("left out, since an extension makes what it is about", orphans),
      ...(choice.noTablespaces ? noted("left out: tablespaces", inspected.tablespaces) : []),
      ...noted("the dump has none of this", unknown),
    ],
    needs: needsOf(inspected, facts, { skipping, elevated }, choice.noOwner),
  };
}

/** Of what the login may not make, and what is not left out, that which the administrator can. */
function chooseElevated(
  inspected: InspectedDump,
  facts: ServerFacts,
  leftOut: ReadonlySet<string>,
): readonly ElevatedStatement[] {
  if (facts.administrator === undefined) return [];
  const wanted = findForbidden(inspected, facts).filter((object) => !leftOut.has(object));
  return withoutDefiant(inspected.elevated).filter(({ object }) => wanted.includes(object));
}

/** A policy or user mapping whose roles are all missing: without it nobody who is there sees more, or less. */
function isForNobody({ kind, roles }: Want, facts: ServerFacts): boolean {
  return kind === "object" && roles.length > 0 && roles.every((role) => !facts.roles.includes(role));
}

function findForbidden({ wants, extensions }: InspectedDump, facts: ServerFacts): string[] {
  if (facts.mayAll) return [];
  const unmakeable = extensions.filter(
    (name) => facts.extensions.includes(name) && !facts.ownExtensions.includes(name),
  );
  const objects = wants.filter(({ kind, superuser }) => kind === "object" && superuser).map(({ object }) => object);
  return [...unmakeable.map((name) => `extension ${name}`), ...objects];
}

function needsOf(
  inspected: InspectedDump,
  facts: ServerFacts,
  { skipping, elevated }: Pick<Parts, "skipping" | "elevated">,
  noOwner: boolean,
): Parts["needs"] {
  const made = elevated.map(({ object }) => object.replace(/^extension /, ""));
  const taken = inspected.wants.filter((want) => !isSkipped(want, skipping));
  const rolesOf = (wants: readonly Want[]) => wants.flatMap(({ roles }) => roles);
  const owners = taken.filter(({ kind, superuser }) => kind === "owner" || (kind === "session" && !superuser));
  const wide = taken.filter(({ kind, object, superuser }) => kind === "object" && superuser && isPublication(object));
  return {
    what: inspected.dump.name,
    roles: rolesOf(taken),
    owners: rolesOf(owners),
    extensions: inspected.extensions.filter(
      (name) => made.includes(name) || !skipping.objects.has(`extension ${name}`),
    ),
    elevatedExtensions: made,
    tablespaces: skipping.objects.has(TABLESPACES) ? [] : inspected.tablespaces,
    superuser: [
      ...taken.filter(({ kind, superuser }) => kind === "object" && superuser).map(({ object }) => object),
      ...rolesOf(taken.filter(({ kind, superuser }) => kind === "session" && superuser))
        .filter((role) => role !== facts.login)
        .map((role) => `SET SESSION AUTHORIZATION ${role}`),
    ],
    unfit: owners
      .filter(({ object }) => wide.some((publication) => publication.object === object))
      .flatMap(({ object, roles }) => roles.map((role) => ({ object, role })))
      .filter(({ role }) => facts.roles.includes(role) && !facts.superusers.includes(role))
      .map(({ object, role }) => `${object} of ${role}`),
    settings: taken.flatMap(({ settings }) => settings),
    without: {
      roles: waysWithout(inspected, facts, noOwner),
      extensions: ", or leave them out, with what does not need them: --skip-extension NAME",
      superuser: ", or leave that out: --skip-forbidden",
      tablespaces: ", or put all of it into the database's own: --no-tablespaces",
    },
  };
}

function isPublication(object: string): boolean {
  return object.startsWith("publication ");
}

/** A part of a dump, and a worktree's schema, take no other roles. */
function waysWithout(inspected: InspectedDump, facts: ServerFacts, noOwner: boolean): string {
  if (noOwner) return "";
  const isWhole = inspected.isPart !== true && !inspected.dump.manifest?.schema;
  const other = isWhole ? ", or give what is theirs to another: --role-map ROLE=OTHER" : "";
  return other + (helps(inspected, facts) ? ", or restore without owners and grants: --no-owner" : "");
}

/** Whether the missing roles are not needed any more without owners and grants. */
function helps(inspected: InspectedDump, facts: ServerFacts): boolean {
  const { needs } = chooseParts(inspected, facts, { noOwner: true });
  return needs.roles.every((role) => facts.roles.includes(role));
}
