import { expect, test } from "bun:test";
import { parseEnv } from "../../../src/config/env-file.ts";
import { renderLines, variablesOfTemplate } from "../../../src/config/env-template.ts";
import { renderTemplate } from "../../../src/config/text-template.ts";
import { formatVariable } from "../../../src/resolve/env-lines.ts";

const TEMPLATE = `# for {project}, see the wiki
DATABASE_URL="{url}"
export DB_PASSWORD={password}
WEB=http://localhost:{port.web}/
JSON='{"a":{"b":1}}'
SHELL_LIKE=\${OTHER}
CERT="-----BEGIN-----
{url}
-----END-----"
`;
const VALUES = { url: "postgres://u:p@h:1/d", password: "it has #1 and spaces", "port.web": "3002" };

test("a template's variables are texts for env.set, and what has no placeholder means itself", () => {
  const set = variablesOfTemplate(TEMPLATE);
  const rendered = Object.fromEntries(Object.entries(set).map(([name, text]) => [name, renderTemplate(text, VALUES)]));
  expect(rendered).toMatchObject({
    ...{ DATABASE_URL: VALUES.url, DB_PASSWORD: VALUES.password, WEB: "http://localhost:3002/" },
    JSON: '{"a":{"b":1}}',
    CERT: `-----BEGIN-----\n${VALUES.url}\n-----END-----`,
  });
});

test("the rendered file says the same, comments and all the rest stay as they stand", () => {
  const set = variablesOfTemplate(TEMPLATE);
  const value = (name: string) => renderTemplate(set[name] ?? "", VALUES);
  const lines = renderLines(TEMPLATE, {
    variable: (name) => formatVariable(name, value(name)),
    text: (line) => renderTemplate(line, VALUES),
  });
  const kept = TEMPLATE.split("\n").filter((line) => /^(#|JSON|SHELL_LIKE|CERT|-----END)/.test(line));
  expect(lines.filter((line) => kept.includes(line))).toEqual(kept);
  const read = parseEnv(lines.join("\n"));
  for (const name of ["DATABASE_URL", "DB_PASSWORD", "WEB", "JSON", "CERT"]) expect(read[name]).toBe(value(name));
});

test("what cannot be said is left out, with its line", () => {
  const lines = renderLines("A={url}\nB=1", { variable: () => undefined, text: () => undefined });
  expect(lines).toEqual(["B=1"]);
});
