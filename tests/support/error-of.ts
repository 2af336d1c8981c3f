/** What a promise rejects with. */
export const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => new Error("it did not fail"),
    (error: unknown) => error,
  );
