import { hostname, userInfo } from 'node:os';

/** As changes are signed: `user@host`. */
export function whoIsAsking(): string {
  let user = 'someone';
  try {
    user = userInfo().username;
  } catch {
    // A container may run under a number without a name.
  }
  return `${user}@${hostname()}`;
}
