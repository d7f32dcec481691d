/**
 * A task of one's own: pay an amount with the fewest coins. Many answers may be right, so no reference can be compared;
 * this module decides. docs/tasks.md lists the functions that such a module may export. All of them must be synchronous, and
 * give the same for the same arguments.
 */

/** Whole numbers from 0 up to `below`, always the same for the same seed (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The fewest of these coins that make up the amount; null where none do. */
function fewestCoins(amount, coins) {
  const best = [[]];
  for (let sum = 1; sum <= amount; sum += 1) {
    for (const coin of coins) {
      const rest = best[sum - coin];
      if (rest && (!best[sum] || rest.length + 1 < best[sum].length)) {
        best[sum] = [...rest, coin];
      }
    }
  }
  return best[amount] ?? null;
}

const writeQuestion = ({ amount, coins }) => `Pay ${amount} with coins of ${coins.join(', ')}.`;

/** What a question asks; null for a text that is none. */
function readQuestionText(text) {
  const found = /Pay (\d{1,4}) with coins of (\d{1,4}(?:, \d{1,4}){1,9})\./.exec(text);
  return found && { amount: Number(found[1]), coins: found[2].split(', ').map(Number) };
}

function rows(random, count, amountMax) {
  const questions = new Map();
  while (questions.size < count) {
    const amount = 10 + random(amountMax - 10);
    const coins = [1, 3 + random(4), 8 + random(9), 20 + random(20)];
    questions.set(writeQuestion({ amount, coins }), fewestCoins(amount, coins));
  }
  return [...questions].map(([question, paid]) => ({
    question,
    answer: paid.join(' + '),
    stratum: stratum(question),
  }));
}

/** Required: the seed questions. `seed` is the run's random seed, `options` is task.options of the configuration. */
export function seeds({ seed, options }) {
  return rows(randomOf(2 * seed), 400, options.amount_max ?? 100);
}

/** Required: the test questions. None of them may be a seed. */
export function tests({ seed, options }) {
  const known = new Set(seeds({ seed, options }).map(({ question }) => question));
  return rows(randomOf(2 * seed + 1), 140, options.amount_max ?? 100)
    .filter(({ question }) => !known.has(question))
    .slice(0, 100);
}

/** Required: the verdict on an answer. null: it cannot be read. A score from 0 to 1 in place of `correct` works too. */
export function check(question, _reference, answer) {
  const { amount, coins } = readQuestionText(question);
  const line = answer.trim().split('\n').at(-1);
  if (!/^\d{1,4}(?: ?\+ ?\d{1,4}){0,200}$/.test(line)) {
    return null;
  }
  const paid = line.split('+').map(Number);
  const sum = paid.reduce((total, coin) => total + coin, 0);
  const foreign = paid.find((coin) => !coins.includes(coin));
  const reason =
    foreign !== undefined
      ? `there is no coin of ${foreign}`
      : sum !== amount
        ? `they make up ${sum}, not ${amount}`
        : paid.length > fewestCoins(amount, coins).length
          ? 'fewer coins would do'
          : undefined;
  return { correct: reason === undefined, readAs: line, reason };
}

/** Optional: what the student reads. */
export const prompt = (question) => `${question} Write the coins as 5 + 5 + 1.\n`;

/** Optional: the new question in a reply of the teacher. */
export function readQuestion(reply) {
  const asked = readQuestionText(reply);
  return asked && fewestCoins(asked.amount, asked.coins) ? writeQuestion(asked) : null;
}

/** Optional: the group that results are broken down by. */
export const stratum = (question) => (readQuestionText(question)?.amount < 50 ? 'below 50' : '50 and more');

/** Optional: whether the teacher's answer to a new question is right, for hygiene.verify: checker. */
export const verify = (question, answer) => check(question, '', answer)?.correct === true;
