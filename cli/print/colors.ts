import picocolors from "picocolors";

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Text as it is: for files, pipes and tests. */
export const plain: Colors = picocolors.createColors(false);

/** Colours on a terminal; NO_COLOR and FORCE_COLOR are respected. */
export const colorsFor = (stream: { isTTY?: boolean }): Colors =>
  picocolors.createColors(picocolors.isColorSupported && (stream.isTTY === true || "FORCE_COLOR" in process.env));
