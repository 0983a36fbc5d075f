/** A temporary worktree with migration files. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type MigrationFiles, type MigrationSource, readMigrations } from "../../src/migrate/files/read-migrations.ts";

export class MigrationFolder implements AsyncDisposable {
  private constructor(readonly root: string) {}

  /** Writes the files; paths are relative to the root, those without a slash to `migrations`. */
  static async create(files: Readonly<Record<string, string | Uint8Array>> = {}): Promise<MigrationFolder> {
    const folder = new MigrationFolder(await realpath(await mkdtemp(join(tmpdir(), "pgrove-migrations-"))));
    await mkdir(folder.at("migrations"));
    for (const [path, content] of Object.entries(files)) await folder.write(path, content);
    return folder;
  }

  at(path: string): string {
    return join(this.root, path);
  }

  async write(path: string, content: string | Uint8Array): Promise<void> {
    const file = this.at(path.includes("/") ? path : `migrations/${path}`);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }

  async read(options: Partial<MigrationSource> = {}): Promise<MigrationFiles> {
    const { dirs = ["migrations"], layout, ignore = [] } = options;
    return await readMigrations({
      ...{ dirs: dirs.map((dir) => this.at(dir)), root: this.root, ignore },
      ...(layout === undefined ? {} : { layout }),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}
