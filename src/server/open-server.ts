import { openPrograms } from "./client-programs.ts";
import { createComposeServer } from "./compose.ts";
import { createContainerServer } from "./container.ts";
import { createLocalServer } from "./local.ts";
import type { Login, Server, ServerOfKind, ServerSpec, ServerTools } from "./server.ts";
import { createRemoteServer } from "./url-server.ts";

/** The server that a spec describes. Nothing is asked or started yet. */
export function openServer(spec: ServerSpec, login: Login, tools: ServerTools): Server {
  const findPrograms = (major: number, what: string) => openPrograms(major, what, tools);
  return { ...createServer(spec, login, tools), findPrograms };
}

function createServer(spec: ServerSpec, login: Login, tools: ServerTools): ServerOfKind {
  switch (spec.kind) {
    case "compose":
      return createComposeServer(spec, login, tools);
    case "container":
      return createContainerServer(spec, login, tools);
    case "local":
      return createLocalServer(spec, login, tools);
    case "url":
      return createRemoteServer(spec, login, tools);
  }
}
