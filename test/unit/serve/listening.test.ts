import { describe, expect, test } from "bun:test";
import { isAmong, ownNames, readListen } from "../../../src/serve/listening.ts";

describe("--listen", () => {
  test.each([
    [undefined, "127.0.0.1", 4711],
    ["8080", "127.0.0.1", 8080],
    ["localhost:0", "127.0.0.1", 0],
    ["0.0.0.0", "0.0.0.0", 4711],
    ["0.0.0.0:80", "0.0.0.0", 80],
    ["[::1]:9000", "::1", 9000],
    ["[::]", "::", 4711],
  ])("%s is %s at %i", (text, address, port) => {
    expect(readListen(text)).toEqual({ address, port });
  });

  test.each(["db.example.org:80", "127.0.0.1:99999", "::1:80", "127.0.0.1:x", "a b", "http://127.0.0.1"])(
    "%s is none",
    (text) => {
      expect(() => readListen(text)).toThrow("--listen takes an address");
    },
  );
});

describe("the names that it goes by", () => {
  const at = (address: string, port: number, names: string[] = [], isEncrypted = false) =>
    ownNames({ address, port: 0, isLoopback: true, isEncrypted, names }, port);
  const hostsAt = (...given: Parameters<typeof at>) => [...at(...given).hosts].sort();
  const originsAt = (...given: Parameters<typeof at>) => [...at(...given).origins].sort();

  test("on loopback the names of loopback, with its port, and no others", () => {
    expect(hostsAt("127.0.0.1", 4711)).toEqual(["127.0.0.1:4711", "[::1]:4711", "localhost:4711"]);
    expect(originsAt("127.0.0.1", 4711)).toEqual([
      ...["http://127.0.0.1:4711", "http://[::1]:4711", "http://localhost:4711"],
    ]);
  });

  test("at the usual port also without it, as browsers ask", () => {
    expect(hostsAt("127.0.0.1", 80)).toEqual(expect.arrayContaining(["127.0.0.1", "127.0.0.1:80", "localhost"]));
    expect(hostsAt("127.0.0.1", 443)).not.toContain("127.0.0.1");
    expect(hostsAt("10.0.0.5", 443, [], true)).toEqual(["10.0.0.5", "10.0.0.5:443"]);
  });

  test("elsewhere its address and its names; their pages only as they are encrypted", () => {
    expect(hostsAt("10.0.0.5", 4711, ["db.example.org"])).toEqual([
      ...["10.0.0.5:4711", "db.example.org", "db.example.org:4711"],
    ]);
    expect(originsAt("10.0.0.5", 4711, ["db.example.org"])).toEqual(["http://10.0.0.5:4711", "https://db.example.org"]);
    expect(originsAt("10.0.0.5", 4711, ["db.example.org"], true)).toEqual([
      ...["https://10.0.0.5:4711", "https://db.example.org", "https://db.example.org:4711"],
    ]);
  });

  test("a certificate's * stands for one part of a name", () => {
    const { hosts, origins } = at("10.0.0.5", 4711, ["*.example.org"], true);
    const asked = ["db.example.org", "db.example.org:4711", "example.org", "a.b.example.org", "db.example.org.evil"];
    expect(asked.map((host) => isAmong(hosts, host))).toEqual([true, true, false, false, false]);
    expect(isAmong(origins, "https://db.example.org:4711")).toBe(true);
    expect(isAmong(origins, "http://db.example.org:4711")).toBe(false);
    expect(isAmong(at("127.0.0.1", 4711).hosts, "9.0.0.1:4711")).toBe(false);
  });
});
