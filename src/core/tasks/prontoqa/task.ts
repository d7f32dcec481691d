import { type RandomStream, randomStream, stableHash } from '../../random';
import type { Seed } from '../../records';
import { fill, usesDefaultRequests } from '../prompts';
import { answerPart } from '../reading/answer-part';
import { type AnswerForm, type Found, findAnswer } from '../reading/final-answer';
import { abstains, isNegated } from '../reading/negation';
import { tidy, withoutMarkup } from '../reading/plain-text';
import {
  judged,
  type Parsed,
  quote,
  type Task,
  type TaskData,
  unanswered,
  unmeasured,
  unreadableAnswer,
  type Verdict,
} from '../task';
import { decide, isProof, type ProofProblem, prove, readProblem, sentencesOf, statementKey } from './logic';
import { type Drawn, drawProblem, sayStatement } from './ontologies';
import { type ProntoqaOptions, prontoqaPrompts } from './schema';

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
    questionMessages: ({ question, answer }) => [
      { role: 'user', content: fill(prompts.question, { question, answer: answer ?? '' }) },
    ],
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
    hasOfflineTeacher: usesDefaultRequests(prompts, prontoqaPrompts),
  };
}

/** A problem in words: one line. */
export function sayProblem({ context, query }: Drawn, stream: RandomStream): string {
  const forms = ['every', 'each', 'plural'] as const;
  const sentences = context.map((statement) => `${sayStatement(statement, stream.pick(forms))}.`);
  return `${sentences.join(' ')} True or false: ${sayStatement(query)}.`;
}

/** The chain of thought and the label, as the student should write it. */
export function workProblem(problem: ProofProblem): string | null {
  const steps = prove(problem);
  const decided = decide(problem);
  return steps === null || decided === null
    ? null
    : `${steps.map((step) => `${sayStatement(step)}.`).join(' ')}\n${decided.label ? 'True' : 'False'}`;
}

const letters = 'abcdefghijklmnopqrstuvwxyz';

/** One in five canonical forms belongs to the test side, so the pool and the test set cannot overlap, however much is drawn. */
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

/** The same sentences in any order and wording, and the same statement, are the same problem, whatever the name in it. */
function canonical(question: string): string {
  const problem = readProblem(question);
  if ('unread' in problem) {
    return tidy(question).toLowerCase();
  }
  const anyone = [...problem.context, problem.query].map((statement) =>
    statementKey(
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
    return { ...unreadableAnswer(`neither true nor false: ${quote(answer.trim().slice(-60))}`), proof: 'absent' };
  }
  const proof = proofState(question, said);
  if (label === null) {
    return { ...unmeasured('the reference is neither True nor False'), proof };
  }
  const isRight = said.label === label && (by === 'label' || proof === 'valid');
  return { ...judged(said.label ? 'True' : 'False', isRight), proof };
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

/** The one label that a text ends in, and the sentences before it. */
function labelOf(text: string): { readonly label: boolean; readonly before: string } | null {
  const found = findAnswer(text, labelForm);
  if (found.state === 'unreadable') {
    return null;
  }
  // The proof is what stands above the line with the label.
  const lines = answerPart(text).split('\n');
  const last = lines.findLastIndex((line) => /\b(?:true|false|untrue|yes|no|correct|incorrect)\b/i.test(line));
  return { label: found.value, before: last < 0 ? '' : lines.slice(0, last).join('\n') };
}

const labelForm: AnswerForm<boolean> = {
  marked: (text) => readLabel(text),
  line: (text) => readLabel(text),
  whole: (text) => (/^\W*(?:true|false|yes|no)\W*$/i.test(text) ? readLabel(text) : null),
};

/** `True`, "Yes", "It is not true.", "The statement is untrue." What is quoted is what the label is about. */
function readLabel(line: string): Found<boolean> {
  const all = withoutMarkup(line.slice(-LINE_CHARACTERS_MAX));
  const unquoted = all.replace(/"[^"]*"/g, ' ').trim();
  const said = /\w/.test(unquoted) ? unquoted : all;
  const labels = [...said.matchAll(/(?<![\w'-])(?:true|false|untrue|yes|no|correct|incorrect)(?![\w'-])/gi)].filter(
    ([word], index) => !/^(?:no|correct|incorrect)$/i.test(word) || (index === 0 && isLabelItself(said, word)),
  );
  const values = labels.map(({ 0: word, index }) => {
    const isTrue = /^(?:true|yes|correct)$/i.test(word);
    return isNegated(said.slice(0, index)) ? !isTrue : isTrue;
  });
  if (
    /\b(?:cannot|can't|could not|unknown|undetermined|unclear|whether|might|may|maybe|necessarily|neither|if)\b/i.test(
      said,
    ) &&
    labels.length > 0
  ) {
    return { doubt: 'it is left open' };
  }
  const [first] = values;
  if (first === undefined) {
    return null;
  }
  if (aboutAnother.test(said) || abstains(said)) {
    return { doubt: 'it speaks of another statement, or of none' };
  }
  if (/\?["')]*$/.test(said)) {
    return { doubt: 'it is asked, not said' };
  }
  return values.every((value) => value === first) &&
    (labels.length === 1 || !/\b(?:true|false)\b.*\bthat\b/i.test(said))
    ? { value: first }
    : { doubt: 'it says both' };
}

const LINE_CHARACTERS_MAX = 2000;

/** "The opposite is true.", "The claim that it is false is wrong." */
const aboutAnother =
  /\b(?:opposite|contrary|converse|negation|reverse|not the case|hardly|scarcely|far from)\b|\b(?:true|false)\b.*\b(?:is|was) (?:wrong|incorrect|mistaken|not (?:right|correct))\b/i;

/** "No" and "correct" are labels alone, at the beginning of a sentence, or said of the statement. */
const isLabelItself = (said: string, word: string) =>
  new RegExp(`^\\W*${word}\\W*$|^${word}[,.:;!]|\\b(?:is|answer:?) ${word}[.!]?$`, 'i').test(said);
