/** A text of a manifest for one line of a terminal: white space as single spaces, no control characters. */
export const oneLine = (text: string): string => text.replace(/\s+/g, " ").replace(/\p{Cc}/gu, "\u{fffd}");
