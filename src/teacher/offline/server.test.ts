import OpenAI from 'openai';
import { taskOf } from '../../core/tasks/registry';
import { startOfflineTeacher } from './server';

const task = taskOf({ kind: 'operator-chains', step_weights: [1, 1, 1], zipf: 1.5, pool_size: 20, test_size: 12 });

async function withClient(work: (client: OpenAI) => Promise<void>): Promise<void> {
  const teacher = await startOfflineTeacher();
  try {
    await work(new OpenAI({ baseURL: teacher.baseUrl, apiKey: 'none', maxRetries: 0 }));
  } finally {
    await teacher.close();
  }
}

const ask = async (
  client: OpenAI,
  messages: Parameters<typeof client.chat.completions.create>[0]['messages'],
  seed: number,
) => client.chat.completions.create({ model: 'offline', messages, seed });

test('it writes new questions with the seed’s operators, and answers that check', async () => {
  await withClient(async (client) => {
    for (const seed of task.makeData(1).pool) {
      const { choices, usage } = await ask(client, [...task.questionMessages(seed)], 1);
      const question = task.parseQuestion(choices[0]?.message.content ?? '');
      expect(question.ok && task.stratum(question.value, null)).toBe(seed.stratum);
      expect(usage?.prompt_tokens).toBeGreaterThan(0);
      const text = question.ok ? question.value : '';
      const reply = await ask(client, [...task.answerMessages(text)], 1);
      const answer = task.parseAnswer(reply.choices[0]?.message.content ?? '', text);
      expect(answer.ok).toBe(true);
    }
  });
});

test('an answer is a function of the request alone: its messages and its seed', async () => {
  await withClient(async (client) => {
    const [seed] = task.makeData(1).pool;
    const messages = seed === undefined ? [] : [...task.questionMessages(seed)];
    const replies = [];
    for (const samplingSeed of [1, 1, 2, 3, 4]) {
      replies.push((await ask(client, messages, samplingSeed)).choices[0]?.message.content);
    }
    expect(replies[0]).toBe(replies[1]);
    expect(new Set(replies).size).toBeGreaterThan(1);
  });
});

test('a request of no task it knows is refused in OpenAI’s form', async () => {
  await withClient(async (client) => {
    const overBudget = ask(client, [{ role: 'user', content: 'Hello' }], 1);
    await expect(overBudget).rejects.toMatchObject({ status: 400, type: 'invalid_request_error' });
  });
});
