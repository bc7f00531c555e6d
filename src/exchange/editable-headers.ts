import { isForwardedHeader, isSentAlways } from "../hop/forwarded-headers.ts";
import type { RequestHeaders } from "./exchange.ts";

/** The headers of a request, copied at the first change and never before. */
export class EditableHeaders implements RequestHeaders {
  readonly #original: Headers;
  readonly #trusted: boolean;
  #copy: Headers | undefined;
  #assigned: string[] | undefined;

  /** @param trusted whether what the client sent under X-Forwarded-* is believed */
  constructor(original: Headers, trusted: boolean) {
    this.#original = original;
    this.#trusted = trusted;
  }

  get isEdited(): boolean {
    return this.#copy !== undefined;
  }

  get current(): Headers {
    return this.#copy ?? this.#original;
  }

  get assigned(): readonly string[] {
    return this.#assigned ?? [];
  }

  get(name: string): string | null {
    return this.current.get(name);
  }

  set(name: string, value: string): void {
    this.#editable().set(name, value);
    this.#note(name);
  }

  append(name: string, value: string): void {
    const lowerName = name.toLowerCase();
    // Appended to what an untrusted client sent, the client's part would pass for ours.
    if (!this.#trusted && isForwardedHeader(lowerName) && !this.assigned.includes(lowerName)) this.delete(name);
    this.#editable().append(name, value);
    this.#note(name);
  }

  delete(name: string): void {
    if (this.current.has(name)) this.#editable().delete(name);
    if (isSentAlways(name.toLowerCase())) this.#note(name);
  }

  fork(): EditableHeaders {
    const fork = new EditableHeaders(this.#original, this.#trusted);
    fork.#copy = this.#copy && new Headers(this.#copy);
    fork.#assigned = this.#assigned?.slice();
    return fork;
  }

  #editable(): Headers {
    this.#copy ??= new Headers(this.#original);
    return this.#copy;
  }

  #note(name: string): void {
    const lowerName = name.toLowerCase();
    if (!isForwardedHeader(lowerName)) return;
    this.#assigned ??= [];
    if (!this.#assigned.includes(lowerName)) this.#assigned.push(lowerName);
  }
}
