/** The page: its screens, and what is the same on all of them. */
import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { JobDocument } from "../src/answers/jobs.ts";
import type { TargetDocument } from "../src/answers/targets.ts";
import { type Deed, DeedDialog } from "./deed.tsx";
import { Jobs } from "./jobs.tsx";
import { Failure } from "./parts.tsx";
import { DataScreen } from "./screens/data.tsx";
import { DumpsScreen } from "./screens/dumps.tsx";
import { HealthScreen } from "./screens/health.tsx";
import { HistoryScreen } from "./screens/history.tsx";
import { MigrationsScreen } from "./screens/migrations.tsx";
import { SeedsScreen } from "./screens/seeds.tsx";
import { WorktreesScreen } from "./screens/worktrees.tsx";
import { keepToken, listen, read, takeToken } from "./server.ts";
import { reloadAll, useAnswer } from "./state.ts";
import { visible } from "./words.ts";

const SCREENS = {
  worktrees: { title: "Worktrees", Screen: WorktreesScreen },
  migrations: { title: "Migrations", Screen: MigrationsScreen },
  dumps: { title: "Dumps", Screen: DumpsScreen },
  data: { title: "Data", Screen: DataScreen },
  seeds: { title: "Seeds", Screen: SeedsScreen },
  health: { title: "Health", Screen: HealthScreen },
  history: { title: "History", Screen: HistoryScreen },
};
type ScreenName = keyof typeof SCREENS;
const NAMES = Object.keys(SCREENS) as ScreenName[];

function screenOf(hash: string): ScreenName {
  return NAMES.find((name) => `#${name}` === hash) ?? "worktrees";
}

function useScreen(): ScreenName {
  const [name, setName] = useState(screenOf(location.hash));
  useEffect(() => {
    const follow = () => setName(screenOf(location.hash));
    const onKey = ({ key, target, ctrlKey, metaKey, altKey }: KeyboardEvent) => {
      const types = target instanceof HTMLElement && /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
      const chosen = NAMES[Number(key) - 1];
      if (document.querySelector("dialog[open]") !== null) return; // what is asked stays over what it is about
      if (!types && !ctrlKey && !metaKey && !altKey && chosen !== undefined) location.hash = `#${chosen}`;
    };
    addEventListener("hashchange", follow);
    addEventListener("keydown", onKey);
    follow(); // it may have changed between the first drawing and now
    return () => {
      removeEventListener("hashchange", follow);
      removeEventListener("keydown", onKey);
    };
  }, []);
  return name;
}

function useEvents() {
  const [jobs, setJobs] = useState<readonly JobDocument[]>([]);
  const [isThere, setThere] = useState(true);
  useEffect(() => {
    const readJobs = () =>
      void read<{ jobs: JobDocument[] }>("/api/v1/jobs").then(
        (answer) => setJobs(answer.jobs),
        () => undefined,
      );
    void listen({
      job: (job) => {
        setJobs((known) => [job, ...known.filter(({ id }) => id !== job.id)]);
        if (job.state !== "running") reloadAll();
      },
      changed: reloadAll,
      there: (there) => {
        setThere((was) => {
          if (there && !was) reloadAll();
          return there;
        });
        if (there) readJobs();
      },
    });
  }, []);
  return { jobs, isThere };
}

function Page() {
  const name = useScreen();
  const { jobs, isThere } = useEvents();
  const [target, setTarget] = useState("main");
  const [deed, setDeed] = useState<Deed>();
  const { data, error } = useAnswer<{ project: string; targets: TargetDocument[] }>("/api/v1/targets");
  if (error?.status === 401) return <TokenForm />;
  const targets = data?.targets ?? [{ name: "main", kind: "main" as const, protected: false }];
  const { Screen, title } = SCREENS[name];
  return (
    <>
      <header>
        <strong class="brand">pgrove</strong>
        <span class="project">{visible(data?.project ?? "")}</span>
        <nav aria-label="Screens">
          {NAMES.map((each, at) => (
            <a key={each} href={`#${each}`} aria-current={each === name ? "page" : undefined} title={`key ${at + 1}`}>
              {SCREENS[each].title}
            </a>
          ))}
        </nav>
        <label class="target">
          Target
          <select value={target} onChange={(event) => setTarget(event.currentTarget.value)}>
            {targets.map((each) => (
              <option key={each.name} value={each.name}>
                {visible(each.name)}
                {each.protected ? " (protected)" : ""}
              </option>
            ))}
          </select>
        </label>
      </header>
      <p class="gone" role="status">
        {isThere ? "" : "The server does not answer; what is shown is what was known. Trying again…"}
      </p>
      <main>
        <h1>{title}</h1>
        {error === undefined ? null : <Failure failure={error.failure} />}
        <Screen
          key={`${name} ${target}`}
          target={target}
          targets={targets}
          areAll={data !== undefined || error !== undefined}
          ask={setDeed}
        />
      </main>
      <Jobs jobs={jobs} />
      {deed === undefined ? null : <DeedDialog deed={deed} close={() => setDeed(undefined)} />}
    </>
  );
}

function TokenForm() {
  const [token, setToken] = useState("");
  const use = (event: Event) => {
    event.preventDefault();
    keepToken(token);
    location.reload();
  };
  return (
    <main class="token">
      <h1>pgrove</h1>
      <p>
        This page needs a token: open the URL that <code>pgrove serve</code> has shown, or paste a token here.
      </p>
      <form onSubmit={use}>
        <label>
          Token
          <input type="password" value={token} onInput={(event) => setToken(event.currentTarget.value)} />
        </label>
        <button type="submit" class="main" disabled={token === ""}>
          Use it
        </button>
      </form>
    </main>
  );
}

/** Behind the first frame, which shows what stands in the HTML. A page in the background has no frames. */
function behindFirstFrame(work: () => void): void {
  if (document.visibilityState === "hidden") work();
  else requestAnimationFrame(() => setTimeout(work));
}

takeToken();
behindFirstFrame(() => {
  const root = document.getElementById("page");
  if (root !== null) render(<Page />, root);
});
