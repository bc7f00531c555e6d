/** The body of an answer that the edge makes itself, as Traefik's: the reason phrase (RFC 9110, section 15). */
const texts: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "401 Unauthorized",
  403: "Forbidden",
  404: "404 page not found",
  413: "Request Entity Too Large",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** A plain-text answer without a cache life, so that nothing between keeps an error. */
export function plainAnswer(status: number, text = texts[status] ?? ""): Response {
  // Some statuses have no body, not even an empty one (Fetch, section 2.2.6).
  return new Response(text === "" ? null : text, {
    status,
    headers: {
      "Content-Type": "text/plain; charset=utf-8",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
    },
  });
}
