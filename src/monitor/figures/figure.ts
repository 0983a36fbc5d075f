import type { Measure } from "../../config/measures.ts";

/** What was measured: ms, bytes, a share of 1, a number; of a flag 1 for yes. */
export interface Figure {
  /** Infinite where something has never been. */
  value: number;
  /** Of what it is the figure, where it is one among several: a table, an index, a session. */
  subject?: string;
}

/** Why there is no figure: it means nothing here (`none`), or it could not be asked (`unknown`). */
export interface NoFigure {
  state: "none" | "unknown";
  why: string;
}

export type Measured = Figure | NoFigure;

/** What was measured of one target. */
export type Figures = ReadonlyMap<Measure, Measured>;

/** Whether there is a figure. */
export function isFigure(measured: Measured): measured is Figure {
  return "value" in measured;
}

/** That there is none, since it means nothing here. */
export function none(why: string): NoFigure {
  return { state: "none", why };
}

/** That there is none, though there should be. */
export function unknown(why: string): NoFigure {
  return { state: "unknown", why };
}

/** A figure by itself. */
export function figure(value: number, subject?: string | null): Figure {
  return { value, ...(subject == null || subject === "" ? {} : { subject }) };
}
