import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { firstDifference, knownThen } from './first-difference';
import { fileOf } from './load';
import { generator } from './report/generator';
import { drawReport, type Reported } from './write-report';

/** Where a file of a report differs from what the stored data give. */
export interface ReportDifference {
  readonly location: string;
  readonly message: string;
}

export interface ReportComparison {
  /** Files that were compared with the data; none without a report, or while the run is not finished. */
  readonly compared: number;
  readonly differences: readonly ReportDifference[];
}

/**
 * Draws a report again and compares its files with the stored ones. A report of another version may look different, so
 * only its results are compared, as far as that version had them.
 *
 * @throws TutelageError if the stored data cannot be read
 */
export async function compareReport(reported: Reported): Promise<ReportComparison> {
  const { results, files } = await drawReport(reported);
  const runs = results.kind === 'run' ? [results] : results.runs;
  if (runs.some(({ state }) => state === 'running')) {
    return { compared: 0, differences: [] };
  }
  const pathOf = (file: string) => fileOf(reported.workspace, reported.name, file);
  const page = await contentOf(pathOf('report.html'));
  const isOurs = page === null || generatorOf(page) === generator();
  const now: unknown = JSON.parse(JSON.stringify(results));
  let compared = 0;
  const differences: ReportDifference[] = [];
  for (const { file, draw } of files) {
    const stored = await contentOf(pathOf(file));
    if (stored !== null && (isOurs || file in resultsIn)) {
      compared += 1;
      const difference =
        file in resultsIn
          ? (resultsDifference(stored, { file, now, isOurs }) ?? (isOurs ? textDifference(stored, draw()) : null))
          : textDifference(stored, draw());
      if (difference !== null) {
        const message = `${difference}; \`tutelage report ${reported.name}\` writes it again`;
        differences.push({ location: pathOf(file), message });
      }
    }
  }
  return { compared, differences };
}

/** Files that contain the results themselves, and where. */
const resultsIn: Readonly<Record<string, (text: string) => string | undefined>> = {
  'results.json': (text) => text,
  'report.html': (text) => /<script type="application\/json" id="results">(.*)<\/script>/.exec(text)?.[1],
};

function resultsDifference(
  stored: Buffer,
  { file, now, isOurs }: { file: string; now: unknown; isOurs: boolean },
): string | null {
  try {
    const then: unknown = JSON.parse(resultsIn[file]?.(stored.toString('utf8')) ?? '');
    const found = isOurs
      ? firstDifference(then, now)
      : firstDifference(withoutHashes(then), withoutHashes(knownThen(then, now)));
    return found === null
      ? null
      : `${found.path} is ${JSON.stringify(found.left)}, the stored data give ${JSON.stringify(found.right)}`;
  } catch (error) {
    return `its results cannot be read: ${(error as Error).message}`;
  }
}

/** The hash of a configuration covers the keys that a version knows, so it differs between versions. */
const withoutHashes = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, inner) => (key === 'configSha256' ? undefined : inner)));

function textDifference(stored: Buffer, drawn: string | Buffer): string | null {
  if (stored.equals(Buffer.from(drawn))) {
    return null;
  }
  if (typeof drawn !== 'string') {
    const byte = drawn.findIndex((value, index) => value !== stored[index]);
    return `differs from what the stored data give, first at byte ${byte === -1 ? drawn.length : byte}`;
  }
  const there = unpacked(stored.toString('utf8')).split('\n');
  const line = unpacked(drawn)
    .split('\n')
    .findIndex((text, index) => text !== there[index]);
  return line === -1 ? null : `differs from what the stored data give, first in line ${line + 1}`;
}

/** The rows of a page are compressed, and another zlib gives other bytes. */
function unpacked(text: string): string {
  return text.replace(/(id="rows-packed">)([^<]*)/, (whole, start: string, packed: string) => {
    try {
      return `${start}${gunzipSync(Buffer.from(packed, 'base64')).toString('utf8')}`;
    } catch {
      return whole;
    }
  });
}

const generatorOf = (page: Buffer) => /<meta name="generator" content="([^"]*)">/.exec(page.toString('utf8'))?.[1];

const contentOf = (path: string) => readFile(path).catch(() => null);
