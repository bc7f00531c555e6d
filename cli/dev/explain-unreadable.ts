/** Why a folder could not be read, in a person's words. */
export function explainUnreadable(error: unknown, dir: string): string {
  if (!(error instanceof Error)) return `${dir}: ${String(error)}`;
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return `${dir}: there is no such folder`;
  if (code === "EACCES") return `${dir}: the folder must not be read`;
  return error.message;
}
