/** Why a folder, or a file where there has to be one, could not be read, in a person's words. */
export function explainUnreadable(error: unknown, name: string, what: "folder" | "file" = "folder"): string {
  if (!(error instanceof Error)) return `${name}: ${String(error)}`;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${name}: there is no such ${what}`;
  if (code === "EACCES") return `${name}: permission to read the ${what} is denied`;
  if (code === "EISDIR") return `${name}: it is a folder, not a file`;
  return error.message;
}
