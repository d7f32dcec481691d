import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { firstDifference, knownThen } from './first-difference';
import { fileOf } from './load';
import { generator } from './report/generator';
import { drawReport, type Reported } from './write-report';

/** Where a file of a report is not what the stored data give. */
export interface ReportDifference {
  readonly place: string;
  readonly message: string;
}

export interface ReportComparison {
  /** Files that were held against the data; none where there is no report, or the work goes on. */
  readonly compared: number;
  readonly differences: readonly ReportDifference[];
}

/**
 * Draws a report again and holds its files against what lies there. A report that another version drew may look
 * different: of it the results alone are compared, as far as that version told them.
 *
 * @throws TutelageError where the stored data cannot be read
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
        const message = `${difference}; \`tutelage report ${reported.name}\` draws it again`;
        differences.push({ place: pathOf(file), message });
      }
    }
  }
  return { compared, differences };
}

/** Files that tell the results themselves, and where in them. */
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

/** The hash of a configuration covers the keys that a version knows, so that of another version is another one. */
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

/** The rows of a page are compressed; another zlib makes other bytes of them. */
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
