/** PostgreSQL's programs of a version or newer: this machine's, else those of a container image. */
import { messageOf, missingError, type PgroveError } from "../errors.ts";
import { createImagePrograms } from "../postgres/client-image-toolbox.ts";
import { createHostPrograms } from "../postgres/host-toolbox.ts";
import type { Programs } from "../postgres/toolbox.ts";
import { captureDocker } from "../sys/docker.ts";
import { engineOf } from "../sys/engine.ts";
import { ToolError } from "../sys/tool-error.ts";
import { DEFAULT_CLIENT_IMAGE, fullImageName } from "./client-image.ts";
import { chooseClientPrograms, findHostPrograms, listVersions } from "./host-programs.ts";
import { findImageAt } from "./running-programs.ts";
import type { ServerTools } from "./server.ts";

export type ClientPrograms = { folder: string; major: number } | { image: string; major: number };

/**
 * Finds them. An image that is not there is pulled, unless a container of that version runs at the server's address: its
 * image is at hand. Throws (exit 4), with `what` asks for them, when there are none.
 */
export async function findClientPrograms(
  major: number,
  what: string,
  { runner, clientImage, approveImage, note }: Pick<ServerTools, "runner" | "clientImage" | "approveImage" | "note">,
  address?: { host: string; port: number },
): Promise<ClientPrograms> {
  const found = await findHostPrograms(runner);
  const programs = chooseClientPrograms(found, major);
  if (programs !== undefined) return { folder: programs.folder, major: programs.major };
  await approveImage?.();
  const image = clientImage.replaceAll("{major}", String(major));
  try {
    const present = await captureDocker(runner, ["image", "ls", "-q", image], { timeoutMs: 30_000 });
    if (present.trim() === "") {
      const own = address !== undefined && clientImage === DEFAULT_CLIENT_IMAGE;
      const running = own ? await findImageAt(runner, address, major) : undefined;
      if (running !== undefined) return { image: running, major };
      note(`pulling ${image}, for PostgreSQL's programs`);
      await captureDocker(runner, ["pull", "-q", fullImageName(image)], { timeoutMs: 600_000 });
    }
  } catch (error) {
    throw noPrograms(error, { what, major, have: listVersions(found), image, engine: engineOf(runner) });
  }
  return { image, major };
}

/** The same as programs that need no server. */
export async function openPrograms(major: number, what: string, tools: ServerTools): Promise<Programs> {
  const found = await findClientPrograms(major, what, tools);
  const access = { label: `PostgreSQL ${found.major}`, major: found.major, stageParent: tools.stageParent };
  return "image" in found
    ? createImagePrograms(tools.runner, { ...access, image: found.image })
    : createHostPrograms(tools.runner, { ...access, programs: found.folder });
}

function noPrograms(
  error: unknown,
  { what, major, have, image, engine }: Record<"what" | "have" | "image" | "engine", string> & { major: number },
): PgroveError {
  const why = error instanceof ToolError ? `the image ${image} could not be pulled` : messageOf(error);
  const programs = have === "none" ? "has no PostgreSQL programs" : `has only those of version ${have}`;
  const install = process.platform === "darwin" ? "brew install libpq" : `install postgresql-client-${major} or newer`;
  const isThere = error instanceof ToolError; // else it is the engine that is missing
  return missingError(
    "programs_missing",
    `${what}; this machine ${programs}, and ${why}`,
    `${install}, or ${isThere ? `see why it cannot: ${engine} pull ${image}` : "start Docker"}`,
  );
}
