import { answerError } from "./answer-error.ts";
import { ApiError } from "./api-client.ts";
import { readResourceVersion } from "./read-item.ts";

/** One document of a watch (https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). */
export type WatchEvent =
  | { type: "put" | "delete"; object: unknown; resourceVersion: string | undefined }
  | { type: "bookmark"; resourceVersion: string | undefined };

/** @throws ApiError for an ERROR event, `gone` when it is 410, and `refused` for what is no event */
export function readWatchEvent(document: unknown, now: number): WatchEvent {
  const { type, object } = isRecord(document) ? document : {};
  const resourceVersion = readResourceVersion(object);
  switch (type) {
    case "ADDED":
    case "MODIFIED":
      return { type: "put", object, resourceVersion };
    case "DELETED":
      return { type: "delete", object, resourceVersion };
    case "BOOKMARK":
      return { type: "bookmark", resourceVersion };
    case "ERROR": {
      const code = isRecord(object) ? object.code : undefined;
      const status = typeof code === "number" && code >= 400 && code < 600 ? code : 500;
      throw answerError(status, JSON.stringify(object), undefined, now);
    }
    default:
      throw new ApiError("refused", "The API server sent what is no watch event");
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
