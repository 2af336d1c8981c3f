// What a host-independent suite is made of; apart from the list in suite.ts, so that suites can import it.

export interface Case {
  name: string;
  /** Throws when the case fails, and a `Skip` when this host or adapter cannot run it. */
  run: () => Promise<void>;
}

/** Thrown by a case that this host or adapter cannot run, with the reason. */
export class Skip extends Error {
  override name = "Skip";
}
