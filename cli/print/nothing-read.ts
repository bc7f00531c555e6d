/** How much of a folder was read. */
export interface Amount {
  files: number;
  /** Of kinds that Sluice reads. */
  objects: number;
}

/** Why a folder comes to nothing, for people; undefined when it holds something that Sluice reads. */
export function nothingRead(dir: string, { files, objects }: Amount): string | undefined {
  if (objects > 0) return undefined;
  return files === 0
    ? `${dir}: there are no manifests in it (files are read whose names end in .yaml, .yml or .json)`
    : `${dir}: no object in it is of a kind that Sluice reads (charts and kustomizations have to be rendered first)`;
}
