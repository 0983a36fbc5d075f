/** The parts of libpg-query that its own types leave out: the module below its JavaScript, and its bytes. */

declare module "libpg-query/wasm/libpg-query.js" {
  export interface PgQueryModule {
    _malloc(bytes: number): number;
    _free(pointer: number): void;
    _wasm_parse_query_raw(query: number): number;
    _wasm_free_parse_result(result: number): void;
    _wasm_parse_plpgsql(query: number): number;
    _wasm_free_string(text: number): void;
    lengthBytesUTF8(text: string): number;
    stringToUTF8(text: string, pointer: number, bytes: number): void;
    UTF8ToString(pointer: number): string;
    getValue(pointer: number, type: "i32"): number;
  }

  export default function createModule(options: { locateFile: (name: string) => string }): Promise<PgQueryModule>;
}

declare module "*.wasm" {
  const path: string;
  export default path;
}
