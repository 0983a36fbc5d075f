import type { TargetDocument } from "../src/answers/targets.ts";
import type { Deed } from "./deed.tsx";

/** What a screen gets. */
export interface ScreenProps {
  target: string;
  targets: readonly TargetDocument[];
  /** Whether these are all of them: main is there before they are known. */
  areAll: boolean;
  ask(deed: Deed): void;
}
