/**
 * What a Dockerfile takes from its build context, which is part of what the image does: the sources of COPY and ADD and
 * of mounts (https://docs.docker.com/reference/dockerfile/).
 */
import { posix } from "node:path";
import { parseJson } from "../sys/untyped.ts";

/**
 * Paths relative to the context; what has variables or wildcards counts as the folder that it certainly is in, and `.`
 * stands for all of it, as where a foreign reader of Dockerfiles is asked for (`# syntax=`).
 */
export function listImageSources(dockerfile: string): string[] {
  if (/^#\s*(?:syntax|escape)\s*=/im.test(dockerfile)) return ["."];
  const sources = joinLines(dockerfile).flatMap(sourcesOf);
  return [...new Set(sources.map(certainPart))];
}

/** Instructions as one line each: without comments, which may stand between the lines of one. */
function joinLines(text: string): string[] {
  const lines = text.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  return lines
    .join("\n")
    .replace(/\\[ \t]*\n/g, " ")
    .split("\n");
}

function sourcesOf(line: string): string[] {
  const [, instruction = "", rest = ""] = /^\s*(?:ONBUILD\s+)?(\w+)\s+(.*)$/i.exec(line) ?? [];
  if (/^run$/i.test(instruction)) return mountsOf(rest);
  if (!/^(?:copy|add)$/i.test(instruction)) return [];
  const [, flags = "", words = ""] = /^((?:--\S+\s+)*)(.*)$/.exec(rest) ?? [];
  if (/--from=/i.test(flags)) return []; // of another stage or image, or of a further context, which counts by itself
  const named = wordsOf(words);
  return named.slice(0, -1).filter((source) => !source.startsWith("<<") && !/^[a-z][a-z+.-]*:\/\//i.test(source));
}

/** `["a b", "/"]`, or words; of quoted ones in either form only the quotes go. */
function wordsOf(text: string): string[] {
  const list = parseJson(text);
  if (Array.isArray(list)) return list.filter((each) => typeof each === "string");
  return text.split(/\s+/).flatMap((word) => (word === "" ? [] : [word.replace(/["']/g, "")]));
}

/** `RUN --mount=type=bind,source=scripts,target=/x`: without a source the whole context; from elsewhere none. */
function mountsOf(rest: string): string[] {
  return [...rest.matchAll(/--mount=(\S+)/gi)].flatMap(([, written = ""]) => {
    const parts = new Map(
      written.split(",").map((part) => {
        const [key = "", value = ""] = part.replace(/["']/g, "").split("=");
        return [key.toLowerCase(), value];
      }),
    );
    if ((parts.get("type") ?? "bind") !== "bind" || parts.has("from")) return [];
    return [parts.get("source") ?? parts.get("src") ?? "."];
  });
}

/** Without what stands in and behind the first step that is not a plain name; `/x` and `../x` are of the context, too. */
function certainPart(source: string): string {
  const open = /[$*?[\]\\]/;
  if (open.test(source) && source.split("/").includes("..")) return ".";
  const steps = posix
    .join("/", source)
    .split("/")
    .filter((step) => step !== "");
  const first = steps.findIndex((step) => open.test(step));
  return (first < 0 ? steps : steps.slice(0, first)).join("/") || ".";
}
