/**
 * Statements that do not depend on each other, sent at once: over a network they take the time of one. All have ended
 * when it resolves or throws, so that nothing is still on its way when the transaction ends.
 * @throws what the first of them threw
 */
export async function together<T extends readonly Promise<unknown>[]>(
  statements: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(statements);
  return Promise.all(statements);
}
