import { plainAnswer } from "../edge/plain-answer.ts";

/** What a service answers that has nobody to ask, with Traefik's text. */
export const noAvailableServer = (): Response => plainAnswer(503, "no available server");
