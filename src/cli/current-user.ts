import { hostname, userInfo } from 'node:os';

/** Who asks for a change: `user@host`. */
export function currentUser(): string {
  let user = 'someone';
  try {
    user = userInfo().username;
  } catch {
    // A container may run as a user id without a name.
  }
  return `${user}@${hostname()}`;
}
