/** Each may do what those before it may. `admin` is for what destroys. */
export const SCOPES = ["read", "write", "admin"] as const;
export type Scope = (typeof SCOPES)[number];
