/** Owners are sessions (processes), and batch jobs. */
export const jobOwner = (job: string): string => `batch:${job}`;
export const isJob = (owner: string): boolean => owner.startsWith(jobOwner(''));
