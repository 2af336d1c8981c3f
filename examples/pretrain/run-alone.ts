/**
 * Does the work of a run unless another page of this origin is at it; the browser ends the lock with the page.
 *
 * @param place Of the run in the browser's private file system.
 * @throws {Error} If another page has it.
 */
export async function runAlone<T>(place: string, work: () => Promise<T>): Promise<T> {
  const { locks } = globalThis.navigator;
  if (!locks) return work();
  return locks.request(`morlet/${place}`, { ifAvailable: true }, (lock) => {
    if (lock) return work();
    throw new Error(
      "another tab is learning from these images with these settings: wait for its end or stop it there",
    );
  }) as Promise<T>;
}
