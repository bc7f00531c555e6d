/**
 * Lets an answer's body go unread. One that is left open keeps its connection, of which a Worker has six for each request
 * (https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections).
 */
export function dropBody(answer: Response | undefined): void {
  void answer?.body?.cancel().catch(() => {});
}
