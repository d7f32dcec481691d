import { gzipSync } from 'node:zlib';
import type { RunConfig } from '../../core/config/schema';
import { taskOf } from '../../core/tasks/registry';
import type { ChatMessage } from '../../core/tasks/task';
import type { RunRows } from '../data/load-rows';
import type { RowLine } from '../data/row-line';
import type { ExperimentRun } from '../results-schema';

/** The rows of a report, packed for the page's script; bounded, so that the file stays small enough to be sent. */
export interface RowData {
  /** Gzip'd JSON in base64. */
  readonly packed: string;
  readonly shown: number;
  readonly all: number;
}

/** Characters of base64 that the rows may have: with figures and results the file stays below 15 MiB. */
const PACKED_MAX = 11 * 2 ** 20;

/** Every row where they fit, else every second one of each selection, every fourth, ... All of them are in rows.parquet. */
export function rowData(runs: readonly ExperimentRun[], rows: readonly RunRows[]): RowData | null {
  const lines = rows.flatMap((one) => one.lines);
  if (lines.length === 0) {
    return null;
  }
  for (let every = estimateOf(runs, lines); ; every *= 2) {
    const shown = every === 1 ? lines : lines.filter(({ rank }) => rank % every === 0);
    const packed = compress(runs, shown);
    if (packed.length <= PACKED_MAX || shown.length <= 1000) {
      return { packed, shown: shown.length, all: lines.length };
    }
  }
}

/** A sixteenth tells about how much the whole will be, so that a large report is compressed once. */
function estimateOf(runs: readonly ExperimentRun[], lines: readonly RowLine[]): number {
  const sample = lines.length < 5000 ? [] : lines.filter((_, index) => index % 16 === 0);
  const expected = 16 * compress(runs, sample).length;
  let every = 1;
  // Texts that repeat compress better in the whole than in a sample.
  while (expected / every > 1.5 * PACKED_MAX) {
    every *= 2;
  }
  return every;
}

const compress = (runs: readonly ExperimentRun[], lines: readonly RowLine[]) =>
  gzipSync(JSON.stringify(pack(runs, lines)), { level: 4 }).toString('base64');

/** Texts stand once in a list, whoever repeats them; rows are lists of numbers and indexes in it. */
function pack(runs: readonly ExperimentRun[], lines: readonly RowLine[]) {
  const indexes = new Map<string, number>();
  const texts: string[] = [];
  const indexOf = (text: string | null) => {
    if (text === null) {
      return -1;
    }
    const known = indexes.get(text);
    if (known !== undefined) {
      return known;
    }
    indexes.set(text, texts.length);
    texts.push(text);
    return texts.length - 1;
  };
  const names = runs.map(({ run }) => run);
  return {
    runs: names,
    prompts: runs.map(({ config }) => promptsOf(config)),
    rows: lines.map((line) => [
      names.indexOf(line.run),
      line.iteration,
      line.rank,
      indexOf(line.verdict),
      indexOf(line.verdictReason),
      indexOf(line.parent),
      indexOf(line.parentStratum),
      indexOf(line.parentQuestion),
      indexOf(line.parentAnswer),
      indexOf(line.ownAnswer),
      line.score,
      indexOf(line.pickReason),
      line.askedBefore,
      indexOf(line.question),
      indexOf(line.answer),
      line.inputTokens,
      line.outputTokens,
      line.usd,
      line.questionRequest?.slice(0, 16) ?? null,
      line.answerRequest?.slice(0, 16) ?? null,
      line.parentLoss === null ? null : Number(line.parentLoss.toPrecision(4)),
      line.loss === null ? null : Number(line.loss.toPrecision(4)),
      line.correct,
    ]),
    texts,
  };
}

/** Stand-ins for the texts that differ from row to row; no model writes a private-use character. */
const slots = { question: '\uE000', answer: '\uE001', asked: '\uE002' };

/** The two requests of a row, with slots for the seed's question and answer and for the new question. */
function promptsOf(config: RunConfig): { question: string; answer: string } | null {
  try {
    const task = taskOf(config.task);
    const seed = { id: '', question: slots.question, answer: slots.answer, stratum: '' };
    return { question: inText(task.questionMessages(seed)), answer: inText(task.answerMessages(slots.asked)) };
  } catch {
    // A task whose prompts look into the question cannot be shown with a slot in its place.
    return null;
  }
}

const inText = (messages: readonly ChatMessage[]) =>
  messages.map(({ role, content }) => `${role}: ${content}`).join('\n\n');
