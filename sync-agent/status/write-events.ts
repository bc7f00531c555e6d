import { type ApiClient, ApiError } from "../source/cluster/api-client.ts";
import { kindOf } from "../source/known-kinds.ts";
import type { ObjectReader } from "../source/object-store.ts";
import type { Problem } from "../translate/problem.ts";
import { planEvents, type ToldEvent } from "./plan-events.ts";
import { type ProblemEvent, problemEvents, solvedEvent } from "./problem-events.ts";
import type { Write } from "./write-queue.ts";

export interface EventWriterOptions {
  api: Pick<ApiClient, "request">;
  now(): number;
  /** Names this process: at most 128 characters. */
  identity: string;
}

const REPORTING_CONTROLLER = "sluice.dev/agent";
const PERMISSION = "create, patch events in events.k8s.io";
const REQUEST_TIMEOUT_MS = 15_000;

/** Tells of problems by Kubernetes Events (events.k8s.io/v1), for `kubectl describe` and `kubectl get events`. */
export class EventWriter {
  private readonly options: EventWriterOptions;
  private readonly told = new Map<string, ToldEvent>();

  constructor(options: EventWriterOptions) {
    this.options = options;
  }

  /** The writes by which the Events tell of these problems and of the end of those before. */
  plan(problems: readonly Problem[], objects: ObjectReader): Write[] {
    const exists = ({ regarding: { apiVersion, kind, namespace, name, uid } }: ProblemEvent): boolean => {
      const known = kindOf({ apiVersion, kind });
      return known !== undefined && objects.get(known, namespace, name)?.metadata.uid === uid;
    };
    const { now } = this.options;
    const plan = planEvents(this.told, problemEvents(problems, objects), now(), exists);
    for (const name of plan.forget) this.told.delete(name);
    const write = (event: ProblemEvent, run: Write["run"]): Write => ({
      key: `Event ${event.namespace}/${event.name}`,
      permission: PERMISSION,
      run,
    });
    return [
      ...plan.create.map((event) =>
        write(event, async (signal) => {
          // A plan that was made while this was being written says it again.
          if (this.told.has(event.name)) return;
          await this.create(event, signal);
          this.told.set(event.name, { event, toldAt: now(), count: 1, solvedAt: undefined });
        }),
      ),
      ...plan.solve.map((known) =>
        write(known.event, async (signal) => {
          await this.tell(solvedEvent(known.event), known.count, signal);
          this.told.set(known.event.name, { ...known, solvedAt: now() });
        }),
      ),
      ...plan.refresh.map((known) =>
        write(known.event, async (signal) => {
          await this.tell(known.event, known.count + 1, signal);
          const { event, count } = known;
          this.told.set(event.name, { event, toldAt: now(), count: count + 1, solvedAt: undefined });
        }),
      ),
    ];
  }

  /** Writes an Event for the first time, or counts it once more. */
  private async tell(event: ProblemEvent, count: number, signal: AbortSignal): Promise<void> {
    if (count > 1) {
      try {
        await this.options.api.request({
          method: "PATCH",
          path: `${pathOf(event)}/${event.name}`,
          contentType: "application/merge-patch+json",
          body: { series: { count, lastObservedTime: this.microTime() } },
          signal,
          timeoutMs: REQUEST_TIMEOUT_MS,
        });
        return;
      } catch (error) {
        // The server has forgotten it.
        if (!(error instanceof ApiError && error.code === "not-found")) throw error;
      }
    }
    await this.create(event, signal);
  }

  /** What is there already was told by an agent before this one; a namespace that is being deleted takes none. */
  private async create({ name, namespace, ...event }: ProblemEvent, signal: AbortSignal): Promise<void> {
    const body = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name, namespace },
      eventTime: this.microTime(),
      reportingController: REPORTING_CONTROLLER,
      reportingInstance: this.options.identity.slice(0, 128),
      action: "Translate",
      ...event,
    };
    const path = pathOf({ namespace });
    try {
      await this.options.api.request({ method: "POST", path, body, signal, timeoutMs: REQUEST_TIMEOUT_MS });
    } catch (error) {
      const isThere = error instanceof ApiError && error.code === "conflict";
      const isTerminating = error instanceof ApiError && /being terminated/.test(error.message);
      if (!isThere && !isTerminating) throw error;
    }
  }

  /** As `metav1.MicroTime` is written: six digits, no fewer. */
  private microTime(): string {
    return new Date(this.options.now()).toISOString().replace("Z", "000Z");
  }
}

const pathOf = ({ namespace }: Pick<ProblemEvent, "namespace">): string =>
  `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/events`;
