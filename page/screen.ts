import type { TargetDocument } from "../src/answers/targets.ts";
import type { Deed } from "./deed.tsx";

/** What a screen gets. */
export interface ScreenProps {
  target: string;
  targets: readonly TargetDocument[];
  ask(deed: Deed): void;
}
