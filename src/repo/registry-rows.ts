/** The form of what the registry holds: types and checks are one. */
import * as v from "valibot";
import { time, whole } from "../sys/form.ts";
import type { Lasting } from "../sys/lasting.ts";
import type { Observer } from "../sys/machine.ts";

const measured = v.pipe(v.number(), v.minValue(0));

const observer: v.GenericSchema<Observer> = v.object({ machine: v.string(), user: v.string(), uid: whole });
const lasting: v.GenericSchema<Lasting> = v.object({
  ...{ since: time, forMs: measured, seenAt: time, boot: v.string(), upMs: measured },
});

/** What a new worktree's database starts with. */
const initialData = v.variant("kind", [
  v.object({ kind: v.literal("copy"), source: v.string() }),
  v.object({
    kind: v.literal("dump"),
    dump: v.string(),
    /** pgrove.yaml named it, so a branch did, and not whoever typed a command. */
    configured: v.exactOptional(v.literal(true)),
    /** Who gets what the dump gives to a role: its role and the server's. */
    roleMap: v.exactOptional(v.array(v.tuple([v.string(), v.string()]))),
  }),
  v.object({ kind: v.literal("empty") }),
]);

/** What tells a worktree's place from another one of the same path. */
const seenPlace = v.object({
  /** What git calls it: the name of its own folder among git's. */
  gitName: v.string(),
  /** The folder that it lies in, as `identifyFolder` knows it. */
  parent: v.string(),
  /** Who saw it there; older versions of pgrove have not written it. */
  by: v.exactOptional(observer),
});

/** A worktree that pgrove knows. Paths are absolute. */
const worktreeRow = v.object({
  /** A UUID, also kept in the worktree's own git folder: paths and names change, it does not. */
  id: v.string(),
  name: v.string(),
  /** Where it was last seen. */
  path: v.string(),
  /** What else was seen of it there. Older versions of pgrove have not written it. */
  seen: v.exactOptional(seenPlace),
  /** For how long it is known to be gone, by the same observer; undefined while it is not. */
  gone: v.exactOptional(lasting),
  /** The branch that it was made for; undefined when it was detached. */
  branch: v.exactOptional(v.string()),
  /** 1, 2, …, unique among the living ones; the main worktree is 0. */
  index: whole,
  isolation: v.picklist(["container", "database", "schema"]),
  /** Its database; in isolation `schema` main's. */
  database: v.string(),
  schema: v.exactOptional(v.string()),
  /** The role that owns the schema. */
  role: v.exactOptional(v.object({ name: v.string(), password: v.string() })),
  /** The compose project, in isolation `container`. */
  project: v.exactOptional(v.string()),
  /** Allocated host ports by name. */
  ports: v.record(v.string(), whole),
  data: initialData,
  /** `creating` until everything is in place; `removing` from the moment that something of it may be gone. */
  state: v.picklist(["creating", "ready", "removing"]),
  /** Whether the setup steps have run. */
  setup: v.picklist(["pending", "done", "skipped"]),
  createdAt: v.string(),
});

/** What was put aside of a worktree that is gone: `provision` brings it back, until it goes for good. */
const parkedWorktree = v.object({
  /** As it was: its names and ports may be others' by now. */
  row: worktreeRow,
  /** Who parked it: for nobody else it goes. */
  by: observer,
  lasting,
  /** What it has on the docker engine, stopped. */
  containers: v.array(v.string()),
  volumes: v.array(v.string()),
});

export type InitialData = v.InferOutput<typeof initialData>;
export type SeenPlace = v.InferOutput<typeof seenPlace>;
export type WorktreeRow = v.InferOutput<typeof worktreeRow>;
export type ParkedWorktree = v.InferOutput<typeof parkedWorktree>;

const rowList = v.array(worktreeRow);
const parkedList = v.array(parkedWorktree);

/** Whether these are worktrees as pgrove writes them down; what a newer version has added stays. */
export function areRows(value: unknown): value is WorktreeRow[] {
  return v.is(rowList, value);
}

/** The same for parked ones. */
export function areParked(value: unknown): value is ParkedWorktree[] {
  return v.is(parkedList, value);
}
