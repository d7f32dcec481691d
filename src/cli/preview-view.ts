import { stripVTControlCharacters } from 'node:util';
import { billingLine, count, plural } from '../analysis/phrases';
import { formatUsd } from '../core/budget/price';
import type { BuyProgress } from '../teacher/types';
import type { PreviewedEvent, ProjectedEvent } from './json-events';

/** Longer texts are cut and their length is shown; `--json` has all of it. */
const LINES_SHOWN = 12;

/** One row for people: its seed, what the teacher wrote, the verdict and the price. */
export function previewedRowLines(row: PreviewedEvent, position: string): string[] {
  const { seed, question, answer, rejected, reply, inputTokens, outputTokens, usd } = row;
  const verdict = rejected === null ? 'accepted' : `rejected, ${rejected.stage}: ${plain(rejected.reason)}`;
  return [
    `row ${position}   ${verdict}`,
    ...labelled('seed', `${seed.question}`),
    ...(question === null ? [] : labelled('question', question)),
    ...(answer === null ? [] : labelled('answer', answer)),
    ...(reply === null ? [] : labelled('reply', reply)),
    ...labelled(
      'cost',
      `${usd === null ? '' : `${formatUsd(usd)}, `}${count(inputTokens)} + ${count(outputTokens)} tokens`,
    ),
  ];
}

/** What was paid, and the projected cost of all rows. */
export function projectionLines(event: ProjectedEvent): string[] {
  const { name, runs, rows, previewed, accepted, paidUsd, paidUsdMax, asked, tokens, usd, capUsd } = event;
  const they = runs === 1 ? 'it' : 'them';
  const billing = billingLine({ billing: event.billing ?? undefined });
  const isOverrun = (event.billing?.aboveWorstCalls ?? 0) > 0;
  const paid =
    paidUsd === null || paidUsdMax === null
      ? 'unknown: teacher.price is not set'
      : `${paidUsd === 0 ? 'nothing now' : formatUsd(paidUsd)}${isOverrun ? ', more than these rows should cost at most' : ` (never more than ${formatUsd(paidUsdMax)}, even if every reply is lost twice)`}`;
  const lines: [string, string][] = [
    ['verdicts', `${accepted} of ${plural(previewed, 'row')} would be accepted`],
    ['paid', paid],
    ...unknownLine(event),
    ...(billing === null ? [] : [['billing', billing] satisfies [string, string]]),
    ['wanted', `${name}: ${plural(runs, 'run')}, at most ${plural(rows, 'row')} in all`],
  ];
  if (asked !== null && tokens !== null) {
    lines.push(['asked', `about ${range(asked, count)} rows, including replacements for rejected ones`]);
    lines.push(['tokens', `about ${range(tokens, count)}`]);
  }
  if (usd !== null) {
    lines.push(['cost', `about ${range(usd, formatUsd)}${capText(usd, capUsd, they)}`]);
  } else if (asked !== null) {
    lines.push(['cost', 'unknown: teacher.price is not set']);
  }
  if (runs > 1) {
    lines.push(['', 'an upper bound: runs with the same random seed share answers to equal requests']);
  }
  if (event.gradingTokensMax !== null) {
    const price = event.gradingUsdMax === null ? '' : `, ${formatUsd(event.gradingUsdMax)}`;
    lines.push([
      'grades',
      `at most ${count(event.gradingTokensMax)} tokens${price} more, for the judge of all evaluations`,
    ]);
  }
  if (event.gradesNotIncluded) {
    lines.push(['', "excluding the judge's grades, which the strategy buys too"]);
  }
  return lines.map(([label, text]) => `${label.padEnd(9)} ${text}`.trimEnd());
}

function unknownLine({ unknownCalls, unknownUsdMax }: ProjectedEvent): [string, string][] {
  if (unknownCalls === 0) {
    return [];
  }
  const most = unknownUsdMax === null ? '' : `, at most ${formatUsd(unknownUsdMax)}`;
  const calls =
    unknownCalls === 1 ? '1 call, whose reply was lost' : `${count(unknownCalls)} calls, whose replies were lost`;
  return [['unknown', `${calls}; the endpoint may bill ${unknownCalls === 1 ? 'it' : 'them'}${most}`]];
}

/** What a person is told while the rows are bought: each new reason to wait at once, and the count every ten seconds. */
export function progressReporter(write: (line: string) => void, nowMs: () => number) {
  let saidMs = nowMs();
  let saidReason: string | null = null;
  return ({ done, total, waiting }: BuyProgress): void => {
    // The seconds that are left change with every attempt; what it waits for is news only once.
    const reason = waiting?.replace(/; trying again in .*/, '') ?? null;
    if ((reason === null || reason === saidReason) && nowMs() - saidMs < 10_000) {
      return;
    }
    saidMs = nowMs();
    saidReason = reason ?? saidReason;
    write(`${done} of ${total} rows${waiting === null ? '' : `; waiting: ${plain(waiting)}`}\n`);
  };
}

function capText(usd: { estimate: number; high: number }, cap: number | null, they: string): string {
  if (cap === null) {
    return '; no cap in USD is set';
  }
  if (usd.estimate > cap) {
    return `; the cap of ${formatUsd(cap)} would stop ${they} at about ${Math.floor((100 * cap) / usd.estimate)} % of the rows`;
  }
  return usd.high > cap ? `; the cap of ${formatUsd(cap)} may be reached` : `; the cap is ${formatUsd(cap)}`;
}

const range = (
  { estimate, low, high }: { estimate: number; low: number; high: number },
  show: (value: number) => string,
) => `${show(estimate)} (${show(low)} to ${show(high)})`;

function labelled(label: string, text: string): string[] {
  const lines = plain(text).split('\n');
  const shown = lines.slice(0, LINES_SHOWN);
  const rest = lines.length > shown.length ? [`(${lines.length - shown.length} more lines)`] : [];
  return [...shown, ...rest].map((line, index) => `  ${(index === 0 ? label : '').padEnd(9)} ${line}`.trimEnd());
}

/** Text from models may contain control sequences, which a terminal must not execute. */
const plain = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are removed
  stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
