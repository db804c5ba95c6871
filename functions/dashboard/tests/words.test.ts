import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const APP = join(ROOT, "src/app");
const IMPORTED = /(?:from|import) ?\(?"([@.][^"]*)"/g;
const OF_TYPES = /import type [^;]*;/g;
const USED = /useTranslations\("(\w+)"\)/g;
const SENT = /<Words\s+of=\{\[([^\]]*)\]\}/;

/** A file of ours by how it is imported; null where it is none with words. */
function find(name: string, from: string): string | null {
  const path = name.startsWith("@/") ? join(ROOT, "src", name.slice(2)) : join(dirname(from), name);
  return [`${path}.tsx`, `${path}.ts`].find((each) => existsSync(each)) ?? null;
}

/** All names of words that a file and what it imports use. */
function used(file: string, seen = new Set<string>()): Set<string> {
  seen.add(file);
  const text = readFileSync(file, "utf-8").replace(OF_TYPES, "");
  const names = new Set([...text.matchAll(USED)].map(([, name = ""]) => name));
  for (const [, name = ""] of text.matchAll(IMPORTED)) {
    const found = find(name, file);
    if (found !== null && !seen.has(found)) {
      for (const each of used(found, seen)) {
        names.add(each);
      }
    }
  }
  return names;
}

/** The same of a page or layout, and of what is shown instead of it where it fails. */
function needed(file: string): string[] {
  const error = join(dirname(file), "error.tsx");
  const names = used(file);
  if (file.endsWith("layout.tsx") && existsSync(error)) {
    used(error).forEach((name) => void names.add(name));
  }
  return [...names].sort();
}

/** The names of words that a page or layout sends. */
function sent(file: string): string[] {
  const [, list = ""] = SENT.exec(readFileSync(file, "utf-8")) ?? [];
  return [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
}

/** What the layouts above a file send. */
function sentAbove(file: string): string[] {
  const names: string[] = [];
  for (let folder = dirname(file); folder.startsWith(APP); folder = dirname(folder)) {
    const layout = join(folder, "layout.tsx");
    if (layout !== file && existsSync(layout)) {
      names.push(...sent(layout));
    }
  }
  return names;
}

const FILES = globSync("**/{page,layout}.tsx", { cwd: APP }).map((name) => join(APP, name));

describe("what is sent of the words", () => {
  it.each(FILES.map((file) => [file.slice(APP.length + 1), file]))("is what %s uses", (_, file) => {
    const above = new Set(sentAbove(file));

    expect(sent(file)).toEqual(needed(file).filter((name) => !above.has(name)));
  });
});
