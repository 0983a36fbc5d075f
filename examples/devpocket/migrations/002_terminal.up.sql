CREATE TABLE sessions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  ssh_profile_id bigint REFERENCES ssh_profiles ON DELETE SET NULL,
  device_id uuid NOT NULL,
  device_type text NOT NULL CHECK (device_type IN ('phone', 'tablet', 'laptop', 'desktop')),
  device_name text NOT NULL,
  client_ip inet NOT NULL,
  user_agent text NOT NULL,
  rows smallint NOT NULL CHECK (rows BETWEEN 10 AND 300),
  columns smallint NOT NULL CHECK (columns BETWEEN 20 AND 500),
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  CHECK (ended_at >= started_at)
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE commands (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
  command text NOT NULL,
  working_directory text NOT NULL,
  environment jsonb NOT NULL DEFAULT '{}',
  exit_code smallint NOT NULL CHECK (exit_code BETWEEN 0 AND 255),
  output text,
  error text,
  duration_ms integer NOT NULL CHECK (duration_ms >= 0),
  suggested boolean NOT NULL DEFAULT false,
  explanation text,
  executed_at timestamptz NOT NULL
);
CREATE INDEX commands_session ON commands (session_id);

CREATE TABLE sync_data (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
  kind text NOT NULL CHECK (kind IN ('history', 'profile', 'setting', 'theme')),
  key text NOT NULL,
  value jsonb NOT NULL,
  device_id uuid NOT NULL,
  version integer NOT NULL DEFAULT 1 CHECK (version > 0),
  conflict text CHECK (conflict IN ('none', 'local', 'remote', 'merged')),
  created_at timestamptz NOT NULL DEFAULT now(),
  synced_at timestamptz NOT NULL,
  UNIQUE (user_id, kind, key),
  CHECK (synced_at >= created_at)
);
