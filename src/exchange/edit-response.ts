/**
 * A response with other headers. The body is passed on untouched, a WebSocket stays attached, and each Set-Cookie
 * stays a line of its own.
 *
 * The response itself is the constructor's init, so that workerd takes over the WebSocket and the encoding with it.
 * `encodeBody: "manual"` would be wrong here: workerd then sends a gzip body decompressed under its old
 * Content-Encoding (measured).
 */
export function editResponse(response: Response, edit: (headers: Headers) => void): Response {
  const edited = new Response(response.body, response);
  edit(edited.headers);
  return edited;
}
