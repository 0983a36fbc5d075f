import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRoot, stateDir } from "./paths.ts";
import { run, runOk, say } from "./run.ts";

const fallbackMirror = "http://deb.debian.org/debian";
const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Packages of one Debian suite, fetched beside the machine's own apt: its sources and its state stay as they are. */
export interface Suite {
  /** Fetches the packages with all they depend on, except those whose name matches `without`, into a folder. */
  download(packages: readonly string[], into: string, without?: Pick<RegExp, "test">): Promise<void>;
  has(packageName: string): Promise<boolean>;
}

/** True where Debian's packages can be installed: apt, and the right to use it. */
export function canInstall(): boolean {
  return isRoot && Bun.which("apt-get") !== null;
}

/** Installs packages on this machine, starting no service. The caller says why beforehand. */
export async function installPackages(packages: readonly string[]): Promise<void> {
  const options = { env: { DEBIAN_FRONTEND: "noninteractive" } };
  const policy = "/usr/sbin/policy-rc.d";
  const ownPolicy = !existsSync(policy);
  if (ownPolicy) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    await runOk("apt-get", ["update", "-q"], options);
    await runOk("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], options);
  } finally {
    if (ownPolicy) await Bun.file(policy).delete();
  }
}

/** Opens a suite (`trixie`): its package lists are fetched from the mirror that this machine uses for Debian. */
export async function openSuite(suite: string): Promise<Suite> {
  if (Bun.which("apt-get") === null) throw new Error("Debian packages are needed here, and there is no apt-get");
  if (!existsSync(keyring)) {
    if (!isRoot) throw new Error("install the package debian-archive-keyring, or run as root");
    say("installing debian-archive-keyring");
    await installPackages(["debian-archive-keyring"]);
  }
  const env = { APT_CONFIG: writeConfig(suite) };
  await runOk("apt-get", ["update", "-q"], { env });
  const has = async (name: string) => (await run("apt-cache", ["show", name], { env })).stdout !== "";
  return {
    has,
    download: async (packages, into, without) => {
      const plan = await runOk("apt-get", ["install", "--simulate", "-q", ...packages], { env });
      const names = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? "");
      const wanted = without === undefined ? names : names.filter((name) => !without.test(name));
      mkdirSync(into, { recursive: true });
      await runOk("apt-get", ["download", "-q", ...wanted], { env, cwd: into });
    },
  };
}

/** One package's files, without what it depends on, below the folder that it resolves with: unpacked once, beside the machine's own. */
export async function unpackPackage(name: string, suite = "bookworm"): Promise<string> {
  const folder = join(stateDir, name);
  const whole = join(folder, "unpacked");
  if (existsSync(whole)) return folder;
  await (await openSuite(suite)).download([name], folder, { test: (each) => each !== name });
  for (const file of readdirSync(folder).filter((each) => each.endsWith(".deb")))
    await runOk("dpkg-deb", ["-x", join(folder, file), folder]);
  writeFileSync(whole, "");
  return folder;
}

/** The mirror named in the machine's own apt sources, where there is one. */
export function findMirror(aptDir = "/etc/apt"): string {
  const parts = join(aptDir, "sources.list.d");
  const files = existsSync(parts) ? readdirSync(parts).map((name) => join(parts, name)) : [];
  for (const file of [join(aptDir, "sources.list"), ...files]) {
    if (!existsSync(file) || !/\.(list|sources)$/.test(file)) continue;
    const text = readFileSync(file, "utf8").replace(/^\s*#.*$/gm, "");
    const uri = text.match(/(?:^deb\s+(?:\[[^\]]*\]\s+)?|^URIs:.*?)(https?:\/\/\S+?\/debian)\/?(?=\s|$)/m)?.[1];
    if (uri !== undefined) return uri;
  }
  return fallbackMirror;
}

function writeConfig(suite: string): string {
  const home = join(stateDir, "apt", suite);
  for (const dir of ["state/lists/partial", "cache/archives/partial", "none"])
    mkdirSync(join(home, dir), { recursive: true });
  writeFileSync(join(home, "status"), "");
  writeFileSync(join(home, "sources.list"), `deb [signed-by=${keyring}] ${findMirror()} ${suite} main\n`);
  const config = join(home, "apt.conf");
  writeFileSync(
    config,
    `Dir::State "${home}/state";
Dir::State::status "${home}/status";
Dir::Cache "${home}/cache";
Dir::Etc::sourcelist "${home}/sources.list";
Dir::Etc::sourceparts "${home}/none";
Dir::Etc::preferences "${home}/none/preferences";
Dir::Etc::preferencesparts "${home}/none";
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
`,
  );
  return config;
}
