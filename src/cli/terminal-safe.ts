import { isClosed } from './closed-output';

/** Controls of C0 and C1 except tab and line feed, characters that turn the direction of writing, and line separators. */
const unsafe = /(?![\t\n])[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/**
 * A text that may be shown in a terminal, wherever it came from: names in a file, replies of a teacher, answers of a
 * student. What could move the cursor, hide or turn other text is written as `\u001b`, which also leaves JSON the same data.
 */
export const terminalSafe = (text: string): string =>
  text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Written by the library of the live view, each as a whole. */
const cursorShownOrHidden = new Set(['\u001b[?25l', '\u001b[?25h']);

type Output = Pick<NodeJS.WriteStream, 'write'>;

/** From here on, everything that is written to the streams is safe for a terminal: no print can be forgotten. */
export function writeSafely(streams: readonly Output[]): void {
  for (const stream of streams) {
    const write = stream.write.bind(stream) as (text: unknown, ...rest: unknown[]) => boolean;
    stream.write = (text: unknown, ...rest: unknown[]) =>
      write(typeof text === 'string' && !cursorShownOrHidden.has(text) ? terminalSafe(text) : text, ...rest);
  }
}

const writeRaw = process.stderr.write.bind(process.stderr);

/** For a library that moves the cursor: it gets safe texts, and what it writes is left as it is. */
export const rawStderr: NodeJS.WriteStream = Object.create(process.stderr, {
  write: { value: (text: string) => isClosed(process.stderr) || writeRaw(text) },
});
