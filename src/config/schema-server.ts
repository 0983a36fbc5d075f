/** `server:` in pgrove.yaml, exactly one kind. */
import * as v from "valibot";
import { keysOf, ONE_OF_ITS_KEYS, text, texts } from "./schema-parts.ts";

export const SERVER_KINDS = ["compose", "container", "local", "url"] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

const compose = v.pipe(
  v.strictObject({
    file: v.optional(
      text(
        "The compose file, relative to pgrove.yaml; its override file and COMPOSE_FILE count as for docker compose.",
      ),
    ),
    files: v.optional(texts("Exactly these compose files, as with `docker compose -f a -f b`.", "A compose file.")),
    service: text("The service that runs PostgreSQL."),
    project: v.optional(text("The compose project's name; left out, docker compose's own rule decides.")),
    profiles: v.optional(texts("Compose profiles to switch on.", "A profile's name."), []),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    const given = keysOf(dataset.value).filter((key) => key === "file" || key === "files");
    if (given.length === 0) {
      addIssue({ expected: ONE_OF_ITS_KEYS, message: "needs file (one compose file) or files (several)" });
    }
    if (given.length > 1) addIssue({ message: "takes file or files, not both" });
  }),
  v.description("A PostgreSQL that docker compose runs."),
);

const local = v.pipe(
  v.strictObject({
    version: v.optional(
      v.pipe(
        v.number(),
        v.integer("must be a major version, such as 17"),
        v.minValue(10, "must be 10 or later"),
        v.maxValue(99, "must be a major version, such as 17"),
        v.description("PostgreSQL's major version; left out, the newest that is installed."),
      ),
    ),
  }),
  v.description("A private cluster made with the host's own PostgreSQL programs; no Docker needed."),
);

export const server = v.pipe(
  v.strictObject({
    compose: v.optional(compose),
    container: v.optional(text("The name of a container that is already there.")),
    local: v.optional(local),
    url: v.optional(text("The URL of a server that somebody else runs.")),
  }),
  v.description("Where PostgreSQL runs: exactly one of compose, container, local, url."),
  v.rawCheck(({ dataset, addIssue }) => {
    const given = keysOf(dataset.value);
    const kinds = SERVER_KINDS.filter((kind) => given.includes(kind));
    if (kinds.length === 0) {
      addIssue({ expected: ONE_OF_ITS_KEYS, message: `needs one of ${SERVER_KINDS.join(", ")}` });
    }
    if (kinds.length > 1)
      addIssue({ message: `takes exactly one of ${SERVER_KINDS.join(", ")}; this has ${kinds.join(" and ")}` });
  }),
  v.transform(nameKind),
);

export type Server =
  | {
      kind: "compose";
      files: string[];
      /** They are all that count; else they are one, beside which compose finds others by itself. */
      exact: boolean;
      service: string;
      project?: string;
      profiles: string[];
    }
  | { kind: "container"; container: string | undefined }
  | { kind: "local"; version: number | undefined }
  | { kind: "url"; url: string | undefined };

interface WrittenServer {
  compose?:
    | {
        file?: string | undefined;
        files?: string[] | undefined;
        service: string;
        project?: string | undefined;
        profiles: string[];
      }
    | undefined;
  container?: string | undefined;
  local?: { version?: number | undefined } | undefined;
  url?: string | undefined;
}

/** One shape per kind. A container or url is undefined only when its variable is missing: see requireNoMissing. */
function nameKind(written: WrittenServer): Server {
  if (written.compose !== undefined) {
    const { file, files, service, project, profiles } = written.compose;
    const all = files ?? (file === undefined ? [] : [file]);
    const named = project === undefined ? {} : { project };
    return { kind: "compose", files: all, exact: file === undefined, service, profiles, ...named };
  }
  if (written.local !== undefined) return { kind: "local", version: written.local.version };
  if ("url" in written) return { kind: "url", url: written.url };
  return { kind: "container", container: written.container };
}
