/** One metric, as its page of the documentation and the registry have it. */
export interface MetricDefinition {
  type: "counter" | "gauge" | "histogram";
  help: string;
  labels: readonly string[];
  /** Upper bounds of a histogram, in seconds. */
  buckets?: readonly number[];
  /** What several processes of one program say together; their sum when unset. */
  together?: "min" | "max";
}
