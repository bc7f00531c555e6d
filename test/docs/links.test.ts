import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const pages = ["README.md", "ARCHITECTURE.md", ...readdirSync("docs").map((file) => join("docs", file))].filter(
  (file) => file.endsWith(".md"),
);

/** Where a page's sections are found: their titles as GitHub makes anchors of them. */
const anchorsOf = (file: string): Set<string> =>
  new Set(
    [...readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replaceAll(" ", "-"),
    ),
  );

/** Links of a page to what lies beside it, as `[target, anchor]`. */
const linksOf = (file: string): [string, string][] => {
  const text = readFileSync(file, "utf8").replaceAll(/^ {4}.*$/gm, "");
  return [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(([, target = "", anchor = ""]) => [
    target === "" ? file : normalize(join(dirname(file), target)),
    anchor,
  ]);
};

describe("links", () => {
  it.each(pages)("of %s lead somewhere", (page) => {
    const broken = linksOf(page).filter(
      ([target, anchor]) => !existsSync(target) || (anchor !== "" && !anchorsOf(target).has(anchor)),
    );
    expect(broken).toEqual([]);
  });

  it("are found, and so are broken ones", () => {
    expect(linksOf("docs/README.md").length).toBeGreaterThan(10);
    expect(anchorsOf("docs/routers.md")).toContain("differences-from-traefik");
    expect(anchorsOf("docs/routers.md")).not.toContain("no-such-section");
  });
});
