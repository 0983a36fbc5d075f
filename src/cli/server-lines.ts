/** A server's state in words and in JSON, the same in every command. */
import type { ServerState } from "../server/server.ts";

/** "running at 127.0.0.1:5432, container onyx-db-1". */
export function describeServer(state: ServerState): string {
  const parts: string[] = [state.condition];
  if (state.host !== undefined && state.port !== undefined) parts.push(`at ${state.host}:${state.port}`);
  const more = [state.container === undefined ? undefined : `container ${state.container.name}`, state.detail];
  return [parts.join(" "), ...more.filter((part) => part !== undefined)].join(", ");
}

/** The server's part of a JSON document. */
export function serverDocument(label: string, state: ServerState): Record<string, unknown> {
  return {
    label,
    condition: state.condition,
    detail: state.detail ?? null,
    container: state.container?.name ?? null,
    container_id: state.container?.id ?? null,
    image: state.container?.image ?? null,
    host: state.host ?? null,
    port: state.port ?? null,
    started_at: state.startedAt ?? null,
  };
}
