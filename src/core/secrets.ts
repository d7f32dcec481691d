/** What a secret looks like, and which values of an environment are ones. Logs leave them out; audits look for them. */

/** Forms that well-known services give their keys, so that a key that came from elsewhere is found too. */
export const secretPattern =
  /\b(?:sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16}|xox[abpr]-[A-Za-z0-9-]{20,}|AIza[0-9A-Za-z_-]{35})|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bBearer [A-Za-z0-9._-]{20,}/;

const secretName = /(?:^|_|^PG)(?:KEY|APIKEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$/i;

/** The password in an address: `postgres://user:password@host/database`. */
const passwordInAddress = /^[a-z][a-z0-9+.-]*:\/\/[^:@/]*:([^@/]+)@/i;

/** Shorter values are words ("none", "offline") that occur by themselves. */
const lengthMin = 8;

/**
 * Name -> value of the environment's secrets: variables whose names say so, those that are named here, and passwords in
 * addresses.
 * @param alsoNamed variables that a configuration names as holding a key, whatever they are called
 */
export function secretsOf(
  environment: Readonly<Record<string, string | undefined>>,
  alsoNamed: readonly string[] = [],
): Map<string, string> {
  const entries = Object.entries(environment)
    .map(([name, value = '']): [string, string] => {
      const isSecret = secretName.test(name) || alsoNamed.includes(name);
      return [name, isSecret ? value : (passwordInAddress.exec(value)?.[1] ?? '')];
    })
    .filter(([, value]) => value.length >= lengthMin);
  // A value that begins with another one is replaced as a whole.
  return new Map(entries.sort(([, left], [, right]) => right.length - left.length));
}

/** The text with every secret replaced by the name of its variable. */
export function redact(text: string, secrets: ReadonlyMap<string, string>): string {
  let safe = text;
  for (const [name, value] of secrets) {
    safe = safe.replaceAll(value, `[${name}]`);
  }
  return safe.replace(new RegExp(secretPattern, 'g'), '[redacted]');
}
