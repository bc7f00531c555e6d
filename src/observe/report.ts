/** Something an operator should know about, as one line of JSON in the Worker's log. */
export interface ReportedEvent {
  /** What happened, in kebab case: `root-unreadable`, `mirror-cut`. */
  event: string;
  [detail: string]: unknown;
}

export type Report = (event: ReportedEvent) => void;

/** Writes to the Worker's log (`wrangler tail`, Workers Logs). */
export const reportToLog: Report = (event) => {
  // biome-ignore lint/suspicious/noConsole: the console is the Worker's log.
  console.warn(JSON.stringify(event));
};

/** Writes a line of the access log, which is told from events by its level. */
export const writeToLog = (line: string): void => {
  // biome-ignore lint/suspicious/noConsole: the console is the Worker's log.
  console.log(line);
};
