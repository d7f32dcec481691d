import { stripVTControlCharacters } from 'node:util';
import { count } from '../analysis/wording';
import type { PreviewedEvent, ProjectedEvent } from './json-events';

/** A longer text is told apart by its length; `--json` has all of it. */
const LINES_SHOWN = 12;

/** One row for people: the seed it came from, what the teacher wrote, the verdict and the price. */
export function rowLines(row: PreviewedEvent, place: string): string[] {
  const { seed, question, answer, rejected, inputTokens, outputTokens, usd } = row;
  const verdict = rejected === null ? 'accepted' : `rejected, ${rejected.stage}: ${plain(rejected.reason)}`;
  return [
    `row ${place}   ${verdict}`,
    ...labelled('seed', `${seed.question}`),
    ...(question === null ? [] : labelled('question', question)),
    ...(answer === null ? [] : labelled('answer', answer)),
    ...labelled(
      'cost',
      `${usd === null ? '' : `${money(usd)}, `}${count(inputTokens)} + ${count(outputTokens)} tokens`,
    ),
  ];
}

/** What was paid, and what all would cost. */
export function projectionLines(event: ProjectedEvent): string[] {
  const { name, runs, rows, previewed, accepted, paidUsd, paidUsdMax, asked, tokens, usd, capUsd } = event;
  const [is, they] = runs === 1 ? ['one run', 'it'] : [`${runs} runs`, 'they'];
  const paid =
    paidUsd === null || paidUsdMax === null
      ? 'not known: there is no teacher.price'
      : `${paidUsd === 0 ? 'nothing now' : money(paidUsd)} (never more than ${money(paidUsdMax)})`;
  const lines: [string, string][] = [
    ['verdicts', `${accepted} of ${previewed} rows would be accepted`],
    ['paid', paid],
    ['wanted', `${name}: ${is} of ${count(rows)} rows in all`],
  ];
  if (asked !== null && tokens !== null) {
    lines.push(['asked', `about ${range(asked, count)} rows, with those that replace rejected ones`]);
    lines.push(['tokens', `about ${range(tokens, count)}`]);
  }
  if (usd !== null) {
    lines.push(['cost', `about ${range(usd, money)}${capText(usd, capUsd, they)}`]);
  } else if (asked !== null) {
    lines.push(['cost', 'not known: there is no teacher.price']);
  }
  if (runs > 1) {
    lines.push(['', 'at most: runs of one random seed share the answers to equal requests']);
  }
  if (event.gradesNotIncluded) {
    lines.push(['', "without the judge's grades, which the strategy buys beside the rows"]);
  }
  return lines.map(([label, text]) => `${label.padEnd(9)} ${text}`.trimEnd());
}

function capText(usd: { estimate: number; high: number }, cap: number | null, they: string): string {
  if (cap === null) {
    return '; there is no cap in USD';
  }
  if (usd.estimate > cap) {
    return `; the cap of ${money(cap)} would end ${they} at about ${Math.floor((100 * cap) / usd.estimate)} % of the rows`;
  }
  return usd.high > cap ? `; the cap is ${money(cap)}, so it may bind` : `; the cap is ${money(cap)}`;
}

const range = (
  { estimate, low, high }: { estimate: number; low: number; high: number },
  show: (value: number) => string,
) => `${show(estimate)} (${show(low)} to ${show(high)})`;

const money = (usd: number) => `USD ${usd.toFixed(usd !== 0 && usd < 0.1 ? 6 : 2)}`;

function labelled(label: string, text: string): string[] {
  const lines = plain(text).split('\n');
  const shown = lines.slice(0, LINES_SHOWN);
  const rest = lines.length > shown.length ? [`(${lines.length - shown.length} more lines)`] : [];
  return [...shown, ...rest].map((line, index) => `  ${(index === 0 ? label : '').padEnd(9)} ${line}`.trimEnd());
}

/** What models write may hold anything; a terminal shall only show it. */
const plain = (text: string) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
