import type { TaskConfig } from '../config/schema';
import { type RandomStream, randomStream, stableHash } from '../random';
import type { Seed } from '../records';
import { isNegated, tidy } from './final-answer';
import { asksAsUsual, fill, type Prompts } from './prompts';
import { decide, isProof, keyOf, type Problem, prove, readProblem, sentencesOf } from './prontoqa-logic';
import { type Drawn, drawProblem, sayStatement } from './prontoqa-ontologies';
import { type Parsed, quote, type Task, type TaskData, unanswered, type Verdict } from './task';

export type ProntoqaOptions = Extract<TaskConfig, { kind: 'prontoqa' }>;

export const prontoqaPrompts: Prompts = {
  question:
    'The following is a reasoning problem: sentences about made-up kinds, and a statement that follows from them or is refuted by them.\n\n' +
    '{question}\n\nWrite one new problem with the same number of steps between the named thing and the statement, with other kinds and other ' +
    'properties. Every sentence has one of the forms "Every X is a Y.", "Every X is (not) Z." and "Sam is a X."; the last is ' +
    '"True or false: Sam is (not) Z." Reply with the problem alone, on one line.',
  answer:
    'Reason step by step, and decide whether the statement is true or false.\n\n{question}\n\n' +
    'Write each step as a sentence: the fact, then each rule and what follows from it. On the last line write True or False, and nothing else.',
  student: '{question}\n',
};

/**
 * Proofs by modus ponens over an ontology (ProntoQA, arXiv 2210.01240). The stratum is the number of hops; a chain of k
 * hops has 2k + 1 sentences, always written in the order of the proof. Chance is 50 %, so verdicts hold the proof's
 * validity beside the label.
 */
export function prontoqa(options: ProntoqaOptions): Task {
  const { prompts } = options;
  const check = (question: string, reference: string, answer: string) =>
    checkAnswer(question, labelOf(reference)?.label ?? null, answer, options.check);
  return {
    promptVersion: 1,
    alphabet: `${letters}${letters.toUpperCase()} .:-\n`,
    tinyReads: 'words',
    files: null,
    makeData: (seed) => makeData(options, seed),
    studentPrompt: (question) => fill(prompts.student, { question }),
    questionMessages: ({ question }) => [{ role: 'user', content: fill(prompts.question, { question }) }],
    answerMessages: (question) => [{ role: 'user', content: fill(prompts.answer, { question }) }],
    parseQuestion,
    parseAnswer: (text) =>
      labelOf(text) === null
        ? { ok: false, reason: `the last line is not True or False: ${quote(text.slice(-60))}` }
        : { ok: true, value: text.trim() },
    check,
    secondOpinion: null,
    verify: (question, answer) => {
      const { correct, proof } = checkAnswer(question, labelByProof(question), answer, 'label');
      return correct && proof !== 'invalid';
    },
    stratum: (question) => {
      const problem = readProblem(question);
      return `hops-${'unread' in problem ? 0 : (decide(problem)?.hops ?? 0)}`;
    },
    canonical,
    novelty: 'exact',
    hasOfflineTeacher: asksAsUsual(prompts, prontoqaPrompts),
  };
}

/** A problem in words: one line. */
export function sayProblem({ context, query }: Drawn, stream: RandomStream): string {
  const forms = ['every', 'each', 'plural'] as const;
  const sentences = context.map((statement) => `${sayStatement(statement, stream.pick(forms))}.`);
  return `${sentences.join(' ')} True or false: ${sayStatement(query)}.`;
}

/** The chain of thought and the label, as the student shall write it. */
export function workProblem(problem: Problem): string | null {
  const steps = prove(problem);
  const decided = decide(problem);
  return steps === null || decided === null
    ? null
    : `${steps.map((step) => `${sayStatement(step)}.`).join(' ')}\n${decided.label ? 'True' : 'False'}`;
}

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** One in five canonical forms belongs to the test side, so the pool and the test set cannot meet, however much is drawn. */
const isTestSide = (form: string) => stableHash('prontoqa-side', form) % 5 === 0;

const ATTEMPTS_MAX = 2000;

function makeData(options: ProntoqaOptions, seed: number): TaskData {
  const drawSet = (set: 'pool' | 'test', size: number): Seed[] => {
    const taken = new Set<string>();
    return Array.from({ length: size }, (_, index) => {
      const stream = randomStream('prontoqa', set, seed, index);
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
        const hops = stream.pick(options.hops);
        const question = sayProblem(drawProblem(stream, { ...options, hops }), stream);
        const form = canonical(question);
        const problem = readProblem(question);
        const answer = 'unread' in problem ? null : workProblem(problem);
        if (answer !== null && !taken.has(form) && isTestSide(form) === (set === 'test')) {
          taken.add(form);
          return { id: `${set}-${String(index).padStart(5, '0')}`, question, answer, stratum: `hops-${hops}` };
        }
      }
      throw new RangeError(
        `these options have too few different problems: ${index} of ${size} were found for the ${set} set; use more hops, distractors, or a smaller set`,
      );
    });
  };
  return { pool: drawSet('pool', options.pool_size), tests: { test: drawSet('test', options.test_size) } };
}

/** The same sentences in any order and wording, and the same statement, are the same problem, whoever it is about. */
function canonical(question: string): string {
  const problem = readProblem(question);
  if ('unread' in problem) {
    return tidy(question).toLowerCase();
  }
  const anyone = [...problem.context, problem.query].map((statement) =>
    keyOf(
      statement.kind === 'fact' && statement.entity === problem.query.entity
        ? { ...statement, entity: '?' }
        : statement,
    ),
  );
  return [...anyone.slice(0, -1).sort(), anyone.at(-1)].join('. ');
}

function parseQuestion(text: string): Parsed {
  const question = text.trim().replace(/\s+/g, ' ');
  const problem = readProblem(question);
  if ('unread' in problem) {
    return { ok: false, reason: `not a problem of this form: ${quote(problem.unread)}` };
  }
  return decide(problem) === null
    ? { ok: false, reason: 'the context says nothing about the statement, or contradicts itself' }
    : { ok: true, value: question };
}

function checkAnswer(question: string, label: boolean | null, answer: string, by: 'label' | 'proof'): Verdict {
  if (answer.trim() === '') {
    return { ...unanswered, proof: 'absent' };
  }
  const said = labelOf(answer);
  if (said === null) {
    return { answered: true, wellFormed: false, correct: false, proof: 'absent' };
  }
  const proof = proofState(question, said);
  const isRight = label !== null && said.label === label;
  return { answered: true, wellFormed: true, correct: isRight && (by === 'label' || proof === 'valid'), proof };
}

function proofState(question: string, said: { label: boolean; before: string }): 'valid' | 'invalid' | 'absent' {
  const sentences = sentencesOf(said.before);
  if (sentences.length === 0) {
    return 'absent';
  }
  const problem = readProblem(question);
  return !('unread' in problem) && isProof(problem, sentences, said.label) ? 'valid' : 'invalid';
}

function labelByProof(question: string): boolean | null {
  const problem = readProblem(question);
  return 'unread' in problem ? null : (decide(problem)?.label ?? null);
}

/** The label on the last line, if it says exactly one, and what stands before that line. */
function labelOf(text: string): { readonly label: boolean; readonly before: string } | null {
  const read = tidy(text);
  const start = read.lastIndexOf('\n') + 1;
  const line = read.slice(start);
  const labels = [...line.matchAll(/\b(?:true|false)\b/gi)];
  const [first] = labels;
  const isOne = new Set(labels.map(([word]) => word.toLowerCase())).size === 1;
  if (first === undefined || !isOne || isNegated(line.slice(0, first.index))) {
    return null;
  }
  return { label: first[0].toLowerCase() === 'true', before: read.slice(0, start) };
}
