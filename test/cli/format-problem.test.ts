import pc from "picocolors";
import { describe, expect, it } from "vitest";
import { formatProblem, type PrintableProblem, problemKey } from "../../cli/print/format-problem.ts";

const problem: PrintableProblem = {
  code: "rule-syntax",
  severity: "error",
  message: "there is no matcher `Hots`",
  hint: "did you mean `Host`?",
  subject: "IngressRoute default/app",
  location: { file: "app.yaml", line: 12, column: 14, length: 4, text: "    - match: Hots(`a.example.com`)" },
};

describe("formatProblem", () => {
  it("shows the line with a caret below what is meant", () => {
    expect(formatProblem(problem)).toBe(
      [
        "error[rule-syntax]: there is no matcher `Hots`",
        "  --> app.yaml:12:14  IngressRoute default/app",
        "   |",
        "12 |     - match: Hots(`a.example.com`)",
        "   |              ^^^^",
        "   = hint: did you mean `Host`?",
      ].join("\n"),
    );
  });

  it("does without a place, a hint and an object", () => {
    expect(formatProblem({ code: "yaml-syntax", severity: "warning", message: "odd" })).toBe(
      "warning[yaml-syntax]: odd",
    );
    const { location: _, ...rest } = problem;
    expect(formatProblem(rest)).toContain("\n --> IngressRoute default/app\n");
  });

  it("keeps carets below tabs, and within the line", () => {
    const location = { file: "a.yaml", line: 1, column: 2, length: 99, text: "\tab" };
    expect(formatProblem({ ...problem, location })).toContain("1 | \tab\n  | \t^^");
  });

  it("shows the part of a very long line that is meant", () => {
    const text = `${"x".repeat(5000)}HERE${"y".repeat(5000)}`;
    const lines = formatProblem({
      ...problem,
      location: { file: "a.yaml", line: 1, column: 5001, length: 4, text },
    }).split("\n");
    const [quoted = "", caret = ""] = lines.slice(3);
    expect(quoted.length).toBeLessThan(140);
    expect(quoted.slice(caret.indexOf("^"), caret.lastIndexOf("^") + 1)).toBe("HERE");
  });

  it("lets no control character of a manifest reach the terminal", () => {
    const location = { file: "a.yaml", line: 1, column: 1, length: 1, text: "\u001b[31mred\u0007" };
    expect(formatProblem({ ...problem, location })).toMatch(/1 \| \ufffd\[31mred\ufffd/);
    const message = "\u001b[31mred\nand on";
    const text = formatProblem({ ...problem, message, hint: message });
    expect([text.includes("\u001b"), text.includes("\nand on")]).toEqual([false, false]);
  });

  it("adds nothing but colours on a terminal", () => {
    const coloured = formatProblem(problem, pc.createColors(true));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours are escape sequences.
    expect(coloured.replace(/\u001b\[\d+m/g, "")).toBe(formatProblem(problem));
    expect(coloured).not.toBe(formatProblem(problem));
  });
});

describe("problemKey", () => {
  const location = problem.location as NonNullable<PrintableProblem["location"]>;
  it("stays the same when the line moves", () => {
    expect(problemKey({ ...problem, location: { ...location, line: 40 } })).toBe(problemKey(problem));
  });
  it.each([
    { ...problem, message: "another" },
    { ...problem, location: { ...location, text: "another" } },
    { ...problem, subject: "IngressRoute default/other" },
  ])("changes with what is said and where", (other) => {
    expect(problemKey(other)).not.toBe(problemKey(problem));
  });
});
