import { plainTexts, type Range } from './plain-text';

/** What a secret looks like, and which environment variables hold one. Nothing that is stored has one; audits search for them. */

/** Key formats of well-known services, to find keys that are not in the environment too. */
export const secretPattern =
  /\b(?:sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[0-9A-Z]{16}|xox[abpr]-[A-Za-z0-9-]{20,}|AIza[0-9A-Za-z_-]{35})|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bBearer [A-Za-z0-9._-]{20,}/;

const everyKey = new RegExp(secretPattern, 'g');

export const looksLikeKey = (text: string): boolean => secretPattern.test(text);

/** Names of variables, and of other values, that hold secrets. */
export const secretName = /(?:^|_|^PG)(?:KEY|APIKEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$/i;

/** The password in a URL: `postgres://user:password@host/database`. */
const passwordInAddress = /^[a-z][a-z0-9+.-]*:\/\/[^:@/]*:([^@/]+)@/i;

/** Shorter values are ordinary words ("none", "offline"). */
const lengthMin = 8;

/** "anything", "not-needed", "postgres": to replace one in a log costs nothing, but to find one in a text means nothing. */
const ordinaryWords = /^(?=.{1,12}$)[A-Za-z]+(?:[-_ ][A-Za-z]+)*$/;

/** The secrets of one environment, in every form that `plainTexts` reads. */
export interface Secrets {
  /** Of the variables that hold one. */
  readonly names: ReadonlySet<string>;
  /** The text with every secret replaced by the name of its variable in brackets. */
  redact(text: string): string;
  /**
   * The variable whose value the text holds; `null` for none. Values that are ordinary words are not looked for.
   */
  variableIn(text: string): string | null;
}

/**
 * The environment's secrets: variables whose names say so, those in `alsoNamed`, and passwords in URLs.
 * @param alsoNamed variables that a configuration names as holding a key, whatever they are called
 */
export function secretsOf(
  environment: Readonly<Record<string, string | undefined>>,
  alsoNamed: readonly string[] = [],
): Secrets {
  const values = Object.entries(environment)
    .map(([name, value = '']): [string, string] => {
      const isSecret = secretName.test(name) || alsoNamed.includes(name);
      return [name, isSecret ? value : (passwordInAddress.exec(value)?.[1] ?? '')];
    })
    .filter(([, value]) => value.length >= lengthMin)
    // Longest first: a value that begins with another one is replaced as a whole.
    .sort(([, left], [, right]) => right.length - left.length);
  let prepared: readonly Secret[] | null = null;
  // At the first use: most commands never need it.
  const secrets = () => {
    prepared ??= values.map(([name, value]) => ({ name, isWord: ordinaryWords.test(value), forms: plainForms(value) }));
    return prepared;
  };
  return {
    names: new Set(values.map(([name]) => name)),
    redact: (text) => replaceRanges(text, rangesOf(secrets(), text)).replace(everyKey, '[redacted]'),
    variableIn: (text) => {
      const texts = plainTexts(text);
      const isIn = ({ isWord, forms }: Secret) =>
        !isWord && forms.some((form) => texts.some((plain) => plain.text.includes(form)));
      return secrets().find(isIn)?.name ?? null;
    },
  };
}

/**
 * The plain texts that show that a secret is written somewhere: its own, and the parts of its base64 that depend on it
 * alone, whatever was encoded with it.
 */
function plainForms(secret: string): readonly string[] {
  const written = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
  const plain = [secret, secret.replaceAll(' ', '+')].flatMap(plainTexts).map(({ text }) => text);
  const base64 = [...new Set(written)].flatMap((text) => [0, 1, 2].map((before) => base64Within(text, before)));
  const urlBase64 = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [...new Set([...plain, ...base64, ...urlBase64])].filter((text) => text !== '');
}

/** @param before bytes of something else that come before the text in its first group of three */
function base64Within(text: string, before: number): string {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
  // Without the characters that depend on the neighbours' bits.
  return bytes.toString('base64').slice(Math.ceil((before * 8) / 6), Math.floor((bytes.length * 8) / 6));
}

interface Secret {
  readonly name: string;
  readonly isWord: boolean;
  readonly forms: readonly string[];
}

type NamedRange = Range & { readonly name: string };

function rangesOf(secrets: readonly Secret[], text: string): NamedRange[] {
  const ranges: NamedRange[] = [];
  for (const plain of plainTexts(text)) {
    for (const { name, forms } of secrets) {
      for (const form of forms) {
        for (let at = plain.text.indexOf(form); at !== -1; at = plain.text.indexOf(form, at + form.length)) {
          ranges.push({ name, ...plain.rangeOf(at, at + form.length) });
        }
      }
    }
  }
  return ranges;
}

/** Of ranges that overlap the first one gives the name, the longer one where they begin together. */
function replaceRanges(text: string, ranges: readonly NamedRange[]): string {
  let safe = '';
  let end = 0;
  for (const range of ranges.toSorted((left, right) => left.start - right.start || right.end - left.end)) {
    if (range.start >= end) {
      safe += `${text.slice(end, range.start)}[${range.name}]`;
    }
    end = Math.max(end, range.end);
  }
  return safe + text.slice(end);
}
