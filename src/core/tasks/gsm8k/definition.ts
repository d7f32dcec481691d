import type { ConfigFinding } from '../../config/problems';
import { defineTask } from '../definition';
import { withDataPaths } from '../file-data';
import { answerWordProblem } from './offline';
import { type Gsm8kOptions, gsm8kSchema } from './schema';
import { gsm8k } from './task';

export const gsm8kDefinition = defineTask({
  kind: 'gsm8k',
  schema: gsm8kSchema,
  create: gsm8k,
  withPaths: withDataPaths,
  findings,
  offline: {
    teacher: answerWordProblem,
    teachableWith: ({ source }) => (source === 'published' ? 'task.source: templates' : null),
  },
});

function findings({ source, train, test, numbers }: Gsm8kOptions): ConfigFinding[] {
  const found: ConfigFinding[] = [];
  if (source === 'templates' && (train ?? test) !== undefined) {
    const message = 'source: templates makes its own data; train and test are for source: published';
    found.push({ path: ['task', 'source'], message });
  }
  if (source === 'published' && numbers !== undefined) {
    found.push({ path: ['task', 'numbers'], message: 'only for source: templates' });
  }
  return found;
}
