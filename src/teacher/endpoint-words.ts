import { asObject, parseJson } from './reply-json';
/** What an endpoint said about a failure, whatever form it said it in. */
export interface EndpointWords {
  /** On one line, whole: what is secret in it must go before it is shortened. */
  readonly message: string;
  /** `code` and `type` of the error, as far as they are texts or numbers. */
  readonly codes: readonly string[];
  readonly param: string | null;
  /** The API itself spoke, rather than a gateway's page in front of it. */
  readonly isFromApi: boolean;
}

const shownMax = 300;

/** What is shown and stored of an endpoint's words, once they are free of secrets. */
export const shorten = (text: string): string => (text.length > shownMax ? `${text.slice(0, shownMax)}...` : text);

/**
 * Reads OpenAI's `{"error": {...}}`, the flat form of vLLM, FastAPI's `detail`, lists of errors, plain text and pages of
 * HTML.
 */
export function wordsOf(body: string): EndpointWords {
  const value = parseJson(body);
  const outer = asObject(Array.isArray(value) ? value[0] : value);
  const error = asObject(outer?.error) ?? asObject(asList(outer?.errors)[0]) ?? outer;
  const message = messageIn(outer?.error) || messageIn(error) || messageIn(outer) || plainText(body);
  return {
    message: message.replace(/\s+/g, ' ').trim(),
    codes: [error?.code, error?.type, error?.status, asObject(error?.metadata)?.error_type].flatMap((code) =>
      typeof code === 'string' || typeof code === 'number' ? [String(code)] : [],
    ),
    param: typeof error?.param === 'string' ? error.param : null,
    isFromApi: outer !== null && message !== '',
  };
}

function messageIn(value: unknown): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map(messageIn).filter(Boolean).join('; ');
  }
  const object = asObject(value);
  if (object === null) {
    return '';
  }
  const { message, detail, msg, loc, title, error_description, raw } = object;
  const where = Array.isArray(loc) ? ` (${loc.join('.')})` : '';
  const own = [message, detail, msg, title, error_description].map(messageIn).find((text) => text !== '') ?? '';
  return own === '' ? messageIn(raw) : `${own}${where}`;
}

const plainText = (body: string): string => (body.trimStart().startsWith('<') ? body.replace(/<[^>]*>/g, ' ') : body);

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
