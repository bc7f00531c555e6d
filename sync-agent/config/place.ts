/** A place in a file that a person can go to. Lines and columns begin at 1, columns and lengths count UTF-16 units. */
export interface Place {
  file: string;
  line: number;
  column: number;
  /** How much is meant, on this line. */
  length: number;
  /** The whole line. */
  text: string;
}
