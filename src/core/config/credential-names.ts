import type { TeacherConfig } from './schema';

/** The environment variables that an endpoint's requests need: its key, and headers with `{env: NAME}`. */
export function credentialNames({ api_key_env, headers }: Pick<TeacherConfig, 'api_key_env' | 'headers'>): string[] {
  const ofHeaders = Object.values(headers ?? {}).flatMap((value) => (typeof value === 'string' ? [] : [value.env]));
  return [...new Set([api_key_env, ...ofHeaders])];
}

/** Variables that hold the secrets of something else than an endpoint: a cloud, a database, a forge, this program. */
const otherSecrets =
  /^(?:AWS|AZURE_CLIENT|GOOGLE_APPLICATION|PG|DATABASE|TEMPORAL|TUTELAGE|PIP|NPM|SSH|GPG|KUBE|DOCKER|CI|SUDO)(?:_|[A-Z])|(?:_TOKEN|PASSWORD|PASSWD|_SECRET|_URL|_DSN|CREDENTIALS)$/i;

/**
 * Whether a configuration may send the variable's value to the endpoint that it names. A file from somebody else could
 * name any variable of the environment and an address of its own; so names of other secrets must be allowed by the person
 * who runs it.
 * @param allowed the value of TUTELAGE_KEYS: names, separated by commas
 */
export const isKeyAllowed = (name: string, allowed: string | undefined): boolean =>
  !otherSecrets.test(name) || (allowed ?? '').split(',').some((one) => one.trim() === name);
