/** The fields for who takes the place of the roles that a dump names. */
import type { RoleMap } from "./role-map.ts";
import { visible } from "./words.ts";

interface RolesProps {
  of: readonly string[];
  map: RoleMap;
  set(map: RoleMap): void;
  /** What was filled in is to be looked at: somebody has left the field. */
  settle(map: RoleMap): void;
}

export function Roles({ of, map, set, settle }: RolesProps) {
  if (of.length === 0) return null;
  const filledIn = (role: string, { currentTarget }: { currentTarget: HTMLInputElement }) => ({
    ...map,
    [role]: currentTarget.value,
  });
  return (
    <fieldset>
      <legend>
        Other roles <span class="dim">(can be left out)</span>
      </legend>
      {of.map((role) => (
        <label key={role}>
          <span>
            What belongs to <bdi>{visible(role)}</bdi> goes to
          </span>
          <input
            value={map[role] ?? ""}
            onInput={(event) => set(filledIn(role, event))}
            onChange={(event) => settle(filledIn(role, event))}
            autocomplete="off"
          />
        </label>
      ))}
    </fieldset>
  );
}
