import { count, plural } from '../analysis/phrases';
import { canonicalJson } from '../core/canonical-json';
import type { RunPlan } from '../core/config';
import type { RunConfig } from '../core/config/schema';
import { type NearShare, nearShare, WordingSample } from '../core/hygiene/near-share';
import type { Seed } from '../core/records';
import { referencesOf } from '../core/tasks/checks/any-of';
import { taskOf } from '../core/tasks/registry';
import type { ChatMessage, StudentPrompt, Task } from '../core/tasks/task';
import { loadTaskData } from '../store/datasets/task-data';
import { readingKey, type StudentReading, studentReadings } from './student-readings';

/** What a configuration makes of its data, so that a wrong column is seen before anything is bought. */
export interface DataSummary {
  readonly kind: string;
  readonly seeds: number;
  readonly tests: Readonly<Record<string, number>>;
  /** Reason -> rows that were left out. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Stratum -> seeds. */
  readonly strata: Readonly<Record<string, number>>;
  /** How much the questions are alike; `null` where new ones are not compared by their wording. */
  readonly near: NearShare | null;
  readonly firstSeed: {
    readonly id: string;
    /** What the task gives the student to read. */
    readonly studentPrompt: StudentPrompt;
    /** Exactly what each student of the file makes of it: with its chat template and special tokens. */
    readonly readings: readonly StudentReading[];
    /** Exactly what the teacher is asked. */
    readonly teacherRequest: readonly ChatMessage[];
  };
  /** The first references, and what the check reads in each; `null`: nothing. */
  readonly references: readonly {
    readonly id: string;
    readonly reference: string;
    readonly readAs: string | null;
    /** How many further right answers the seed has. */
    readonly others: number;
  }[];
}

const REFERENCES_SHOWN = 3;

/** A summary of each different task of the runs. Published files that are not here yet are left out. */
export async function dataSummaries(runs: readonly RunPlan[], datasets: string): Promise<DataSummary[]> {
  const distinct = new Map(runs.map(({ config }) => [canonicalJson(config.task), config]));
  const summaries: (readonly [task: string, WithoutReadings])[] = [];
  for (const [task, config] of distinct) {
    const summary = await dataSummary(config, datasets);
    if (summary !== null) {
      summaries.push([task, summary]);
    }
  }
  return withReadings(summaries, runs);
}

type WithoutReadings = Omit<DataSummary, 'firstSeed'> & {
  readonly firstSeed: Omit<DataSummary['firstSeed'], 'readings'>;
};

/** All students at once: asking them starts a process. */
async function withReadings(
  summaries: readonly (readonly [task: string, WithoutReadings])[],
  runs: readonly RunPlan[],
): Promise<DataSummary[]> {
  const asked = summaries.map(([task, { firstSeed }]) => {
    const ofTask = runs.map(({ config }) => config).filter((config) => canonicalJson(config.task) === task);
    const students = new Map(ofTask.map((config) => [readingKey(config), config]));
    return [...students.values()].map((config) => ({ config, prompt: firstSeed.studentPrompt }));
  });
  const readings = await studentReadings(asked.flat());
  return summaries.map(([, summary], index) => {
    const from = asked.slice(0, index).flat().length;
    const own = readings.slice(from, from + (asked[index]?.length ?? 0));
    return { ...summary, firstSeed: { ...summary.firstSeed, readings: own } };
  });
}

async function dataSummary(config: RunConfig, datasets: string): Promise<WithoutReadings | null> {
  const task = taskOf(config.task);
  const data = await loadTaskData(config, { datasets, absent: 'leave' });
  if (data === null) {
    return null;
  }
  const strata = new Map<string, number>();
  const first: Seed[] = [];
  const samples = { seeds: new WordingSample(task), tests: new WordingSample(task) };
  let seeds = 0;
  for await (const seed of data.pool) {
    seeds += 1;
    samples.seeds.see(seed.question);
    strata.set(seed.stratum, (strata.get(seed.stratum) ?? 0) + 1);
    if (first.length < REFERENCES_SHOWN) {
      first.push(seed);
    }
  }
  for (const { question } of Object.values(data.tests).flat()) {
    samples.tests.see(question);
  }
  const [seed] = first;
  if (seed === undefined) {
    return null;
  }
  return {
    kind: config.task.kind,
    seeds,
    tests: Object.fromEntries(Object.entries(data.tests).map(([set, questions]) => [set, questions.length])),
    skipped: Object.fromEntries(data.skipped ?? []),
    strata: Object.fromEntries([...strata].sort(([, left], [, right]) => right - left)),
    near: nearShare(task, config.hygiene.near, samples),
    firstSeed: {
      id: seed.id,
      studentPrompt: task.studentPrompt(seed.question),
      teacherRequest: task.questionMessages(seed),
    },
    references: first.flatMap(({ id, question, answer }) =>
      answer === null ? [] : [{ id, ...readReference(task, question, answer) }],
    ),
  };
}

/** How much the questions are alike, and what to do where new ones would be rejected for it. */
function nearLines({ seeds, near: found }: DataSummary): string[] {
  if (found === null) {
    return [];
  }
  const { near, asked, among, toSeeds, toTests, isHigh, suggested } = found;
  const isSample = asked < seeds;
  const sample = isSample ? ` (${count(asked)} of them compared with ${count(among.seeds)} seeds)` : '';
  const line = `alike      ${percent(toSeeds)} of the seed questions are near another one, ${percent(toTests)} near a test question${sample}`;
  if (!isHigh) {
    return [line];
  }
  const next =
    suggested === null
      ? 'hygiene.near is 1 already, so only the same words are rejected'
      : `consider hygiene: {near: ${suggested}} (now ${near})`;
  return [line, `hint: new questions of the same kind will be as much alike, and be bought and rejected; ${next}`];
}

const percent = (share: number) => `${(100 * share).toFixed(share > 0 && share < 0.01 ? 1 : 0)} %`;

/** A judge or a program is shown a reference as it is. */
function readReference(task: Task, question: string, reference: string) {
  const [first, ...others] = referencesOf(reference);
  const readAs = task.grader ? first : task.check(question, reference, first).readAs;
  return { reference: first, readAs, others: others.length };
}

const STRATA_SHOWN = 8;

/** The summary for people. */
export function summaryLines(summary: DataSummary): string[] {
  const { seeds, tests, skipped, strata, firstSeed, references } = summary;
  const sets = Object.entries(tests).map(([set, size]) => `${count(size)} in the set ${set}`);
  const groups = Object.entries(strata);
  const shown = groups.slice(0, STRATA_SHOWN).map(([stratum, size]) => `${stratum} ${count(size)}`);
  const more = groups.length - shown.length;
  return [
    `data       ${plural(seeds, 'seed question')}; test questions: ${sets.join(', ')}`,
    ...Object.entries(skipped).map(([reason, size]) => `left out   ${plural(size, 'row')}: ${reason}`),
    `strata     ${shown.join(', ')}${more > 0 ? `, and ${count(more)} more` : ''}`,
    ...nearLines(summary),
    ...references.map(
      ({ reference, readAs, others }) =>
        `reference  ${oneLine(reference)} -> ${readAs === null ? 'not read' : oneLine(readAs)}${others === 0 ? '' : `, or one of ${plural(others, 'other')}`}`,
    ),
    `the student reads (seed ${firstSeed.id}):`,
    ...messageLines(firstSeed.studentPrompt),
    ...firstSeed.readings.flatMap((one) => readingLines(one, firstSeed.studentPrompt)),
    'the teacher is asked:',
    ...messageLines(firstSeed.teacherRequest),
  ];
}

/** Nothing where `tiny` reads the text as it stands. */
function readingLines({ base, reading }: StudentReading, prompt: StudentPrompt): string[] {
  if ('problem' in reading) {
    return [`with the chat template of ${base}: not shown, because ${reading.problem}`];
  }
  const { text, tokens, hasTemplate } = reading;
  const size = tokens === null ? '' : ` (${plural(tokens, 'token')})`;
  if (hasTemplate) {
    return [`with the chat template of ${base}${size}:`, ...indented(text)];
  }
  const isUnchanged = text === prompt;
  return isUnchanged && base === 'tiny'
    ? []
    : [
        `${base} has no chat template and reads ${isUnchanged ? `that as it stands${size}` : `it so${size}:`}`,
        ...(isUnchanged ? [] : indented(text)),
      ];
}

const messageLines = (messages: StudentPrompt): string[] =>
  typeof messages === 'string'
    ? indented(messages)
    : messages.flatMap(({ role, content }) => [`  [${role}]`, ...indented(content)]);

const CHARACTERS_SHOWN = 80;

function oneLine(text: string): string {
  const line = JSON.stringify(text);
  return line.length > CHARACTERS_SHOWN ? `${line.slice(0, CHARACTERS_SHOWN - 4)}..."` : line;
}

const LINES_SHOWN = 20;

function indented(text: string): string[] {
  const lines = text.trimEnd().split('\n');
  const more = lines.length - LINES_SHOWN;
  return [
    ...lines.slice(0, LINES_SHOWN).map((line) => `  | ${line}`),
    ...(more > 0 ? [`  | (${plural(more, 'more line')})`] : []),
  ];
}
