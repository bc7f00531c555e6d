/** What a request gets that is not let in. */
export interface Refusal {
  status: number;
  text: string;
}

/** A request that was let in. */
export interface Pass {
  /** The status that the client gets, or would: told once, when it is known. */
  answered(status: number): void;
  /** The request is over. Told once; before `answered` when its client went away. */
  left(): void;
}

/** What a middleware is to the requests of one source: lets them in or does not. */
export interface Guard {
  enter(): Pass | Refusal;
}

export const isRefusal = (entered: Pass | Refusal): entered is Refusal => "status" in entered;

/** Enters all, the outermost first. Those in front of one that refuses have a request that was answered so. */
export function enterAll(guards: readonly Guard[]): Pass | Refusal {
  const passes: Pass[] = [];
  for (const guard of guards) {
    const entered = guard.enter();
    if (isRefusal(entered)) {
      const before = joinPasses(passes);
      before.answered(entered.status);
      before.left();
      return entered;
    }
    passes.push(entered);
  }
  return joinPasses(passes);
}

/** However often it is told, each pass is told once. */
function joinPasses(passes: readonly Pass[]): Pass {
  let isAnswered = false;
  let isOver = false;
  return {
    answered(status) {
      if (isAnswered || isOver) return;
      isAnswered = true;
      for (const pass of passes) pass.answered(status);
    },
    left() {
      if (isOver) return;
      isOver = true;
      for (const pass of passes) pass.left();
    },
  };
}
