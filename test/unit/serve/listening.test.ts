import { describe, expect, test } from "bun:test";
import { hostsOf, readListen } from "../../../src/serve/listening.ts";

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

describe("the hosts that it goes by", () => {
  const at = (address: string, names: string[] = []) => [
    ...hostsOf({ address, port: 0, isLoopback: true, names }, 4711),
  ];

  test("on loopback the names of loopback, with its port, and no others", () => {
    expect(at("127.0.0.1")).toEqual(["127.0.0.1:4711", "localhost:4711", "[::1]:4711"]);
  });

  test("elsewhere its address and its names", () => {
    expect(at("10.0.0.5", ["db.example.org"])).toEqual(["10.0.0.5:4711", "db.example.org", "db.example.org:4711"]);
  });
});
