import type { TeacherConfig } from '../core/config/schema';
import { chatRequest } from './request';

const config: TeacherConfig = {
  ...{ provider: 'openai', model: 'm', api_key_env: 'KEY', temperature: 1, max_tokens: 7, max_parallel_requests: 1 },
  ...{ timeout_seconds: 1, failing_share_max: 0.2, mode: 'live', batch_discount: 0.5, batch_poll_seconds: 60 },
};

describe('the name under which the output limit is sent', () => {
  test.each([
    ['gpt-4o-mini', undefined, 'max_tokens'],
    ['llama-3-o1-style', undefined, 'max_tokens'],
    ['o3-mini', undefined, 'max_completion_tokens'],
    ['openai/gpt-5-nano', undefined, 'max_completion_tokens'],
    ['gpt-5', 'max_tokens', 'max_tokens'],
    ['my-model', 'max_completion_tokens', 'max_completion_tokens'],
  ] as const)('%s, %s: %s', (model, max_tokens_parameter, name) => {
    const request = chatRequest({ ...config, model, max_tokens_parameter }, [], 1);
    const { max_tokens, max_completion_tokens } = request;
    expect({ max_tokens, max_completion_tokens }).toEqual({
      max_tokens: undefined,
      max_completion_tokens: undefined,
      [name]: 7,
    });
  });
});
