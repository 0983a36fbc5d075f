/** What a plain dump says for databases that are not empty, or have no schema `public`: a new one is neither. */

const BEGINS = /^-- PostgreSQL database dump\r?$/;
const FIRST_ENTRY = /^-- (?:TOC entry \d|Name: .*; Type: )/;
const DROPS = /^DROP |^ALTER .+ (?:DROP|DETACH) |^SELECT (?:pg_catalog\.)?lo_unlink ?\(/i;
/** A view in place of one that others need, so that these can be dropped. */
const STANDS_IN = /^CREATE OR REPLACE VIEW .+ AS SELECT NULL::/i;
const SETS = /^(?:SET|RESET) |^SELECT (?:pg_catalog\.)?set_config ?\(/i;
const CREATES_PUBLIC = /^CREATE SCHEMA (?:IF NOT EXISTS )?(?:public|"public")(?: AUTHORIZATION .+)?$/i;
const DROPS_PUBLIC = /^DROP SCHEMA (?:IF EXISTS )?.*\bpublic\b/i;

/** Follows a dump from its beginning: what `pg_dump --clean` drops stands in front of all else. */
export class Superfluous {
  private isFront = false;
  private hasPublic = true;

  comment(line: string): void {
    if (BEGINS.test(line)) this.isFront = true;
    else if (FIRST_ENTRY.test(line)) this.isFront = false;
  }

  /** Whether a new database needs the statement not, and does not take it. */
  includes(text: string): boolean {
    if (this.isFront) {
      if (DROPS.test(text) || STANDS_IN.test(text)) return true;
      if (!SETS.test(text)) this.isFront = false;
    }
    if (DROPS_PUBLIC.test(text)) this.hasPublic = false;
    if (!CREATES_PUBLIC.test(text)) return false;
    const superfluous = this.hasPublic;
    this.hasPublic = true;
    return superfluous;
  }
}
