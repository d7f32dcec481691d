import { defineSearchAttributeKey, type SearchAttributePair, TypedSearchAttributes } from '@temporalio/common';
import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { RunConfig } from '../core/config/schema';
import { searchAttributeTypes } from '../core/names';
import type { EvaluationSummary } from '../core/run-record';

/** What Temporal's own UI shows of a workflow, beside its history. */
export interface Stage {
  readonly run: string;
  readonly iteration: number;
  readonly step: string;
  readonly state: 'working' | 'waiting' | 'ended';
  readonly usd?: number;
  /** Further lines of the table: what, and how much of it. */
  readonly details?: Readonly<Record<string, string | number>>;
}

const keys = {
  run: defineSearchAttributeKey('TutelageRun', searchAttributeTypes.TutelageRun),
  iteration: defineSearchAttributeKey('TutelageIteration', searchAttributeTypes.TutelageIteration),
  step: defineSearchAttributeKey('TutelageStep', searchAttributeTypes.TutelageStep),
  state: defineSearchAttributeKey('TutelageState', searchAttributeTypes.TutelageState),
  usd: defineSearchAttributeKey('TutelageUsd', searchAttributeTypes.TutelageUsd),
};

/** To be called when a stage begins, not more often: each upsert is an event of the history. */
export function showStage(stage: Stage): void {
  const { run, iteration, step, state, usd, details = {} } = stage;
  showTable({ run, iteration, step, state, ...(usd === undefined ? {} : { USD: usd.toFixed(4) }), ...details });
  upsert([
    { key: keys.iteration, value: iteration },
    { key: keys.step, value: step },
    { key: keys.state, value: state },
    ...(usd === undefined ? [] : [{ key: keys.usd, value: usd }]),
  ]);
}

/** Lines of two cells, what and how much of it. No event: it is asked of the workflow when somebody looks. */
export function showTable(rows: Readonly<Record<string, string | number>>): void {
  // The page sets no space between two cells.
  const [head = '', ...body] = Object.entries(rows).map(([name, value]) => `| ${name}\u00a0\u00a0 | ${value} |`);
  setCurrentDetails([head, '|---|---|', ...body].join('\n'));
}

/** Of a workflow that has no steps of its own. */
export function showState(state: Stage['state']): void {
  upsert([{ key: keys.state, value: state }]);
}

function upsert(pairs: SearchAttributePair[]): void {
  if (isSearchable()) {
    upsertSearchAttributes(pairs);
  }
}

/** As it is shown beside a step's name. */
export function accuracyText({ overall: { correct, total } }: EvaluationSummary): string {
  return `accuracy ${total === 0 ? 'not measured' : (correct / total).toFixed(3)}`;
}

/** What a run is, in a few words beside its name. */
export const summaryOf = ({ run, config }: { readonly run: string; readonly config: RunConfig }): string =>
  `${run}: ${config.strategy.name} on ${config.task.kind}, seed ${config.seed}`;

/** Whoever starts a workflow on a server that knows the attributes gives it the first; children pass that on. */
export function childSearchAttributes(run: string): { typedSearchAttributes?: TypedSearchAttributes } {
  return isSearchable() ? { typedSearchAttributes: firstSearchAttributes(run) } : {};
}

export function firstSearchAttributes(run: string): TypedSearchAttributes {
  const first: SearchAttributePair = { key: keys.run, value: run };
  return new TypedSearchAttributes([first]);
}

const isSearchable = () => workflowInfo().typedSearchAttributes.get(keys.run) !== undefined;
