/** How bytes are carried between two connections, by handles or by sockets. */
export interface SpliceOptions {
  /**
   * How long one side may go on after the other has ended its own, in milliseconds; undefined or negative: for as long
   * as it likes.
   */
  terminationDelayMs?: number | undefined;
  /** Told once, when both are closed. */
  onClose: () => void;
}
