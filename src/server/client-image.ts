/** Names of images that have PostgreSQL's programs. */

/** Where the configuration names no other: Docker's own image of PostgreSQL. */
export const DEFAULT_CLIENT_IMAGE = "postgres:{major}";

/** With Docker's own registry, where none is named: docker takes it for granted, podman asks which one. */
export function fullImageName(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return hasRegistry ? image : `docker.io/${rest.length === 0 ? "library/" : ""}${image}`;
}
