/** The ports of the application's own among the variables of its env files. */
import { basename, dirname } from "node:path";

const APP_PORT = /^(?:(WEB|APP|API|SERVER|HTTP|FRONTEND|BACKEND|VITE|NEXT)_)?PORT$/;

/** The ports that the application itself listens on. */
export function findPorts(variables: Readonly<Record<string, string>>): Record<string, number> {
  const found = Object.entries(variables).flatMap(([name, value]) => {
    const match = APP_PORT.exec(name);
    const port = Number(value);
    return match === null || !/^\d+$/.test(value) || port < 1 || port > 65_535 ? [] : [[name, port] as const];
  });
  return Object.fromEntries(found);
}

/** What an env file says of them, by variable. */
interface FoundPorts {
  file: string;
  ports: Readonly<Record<string, number>>;
}

/** A port of the application's own: who has it in which env file, and under which name `ports` is to have it. */
export interface NamedPort {
  file: string;
  variable: string;
  name: string;
  port: number;
}

/**
 * `web` of PORT and WEB_PORT, `api` of PORT in apps/api/.env where another file says another one: a name stands for one
 * number only.
 */
export function namePorts(sets: readonly FoundPorts[]): NamedPort[] {
  const all = sets.flatMap(({ file, ports }) =>
    Object.entries(ports).map(([variable, port]) => ({ file, variable, port, own: usualName(variable) })),
  );
  const named: NamedPort[] = [];
  for (const { file, variable, port, own } of all) {
    const isFree = (name: string) => !named.some((other) => other.name === name && other.port !== port);
    const isShared = all.some((other) => other.own === own && other.port !== port);
    const folder = plainName(basename(dirname(file)));
    const further = [plainName(variable), `${folder}-${plainName(variable)}`, `port-${port}`];
    const wanted = isShared ? [folder, own, ...further] : [own];
    const name = wanted.find((each) => /^[a-z]/.test(each) && isFree(each)) ?? own;
    named.push({ file, variable, name, port });
  }
  return named;
}

function usualName(variable: string): string {
  return APP_PORT.exec(variable)?.[1]?.toLowerCase() ?? "web";
}

function plainName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
