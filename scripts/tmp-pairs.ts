import { readFileSync } from 'node:fs';
import { taskOf, taskSchema } from '../src/core/tasks/registry';
const questions: any = { game24: '4 9 10 13', prontoqa: 'Sam is a cat. Every cat is red. True or false: Sam is red.' };
const optionsOf = (task: string, options: object) => task === 'MATH' ? { kind: 'math' } : task in questions ? { kind: task } : { kind: 'jsonl', train: 'a', test: 'b', check: task, ...options };
let bad = 0, fp = 0;
for (const line of readFileSync(process.argv[2] as string, 'utf8').trim().split('\n')) {
  const { task: name, reference, answer, correct, options = {} } = JSON.parse(line);
  const task = taskOf(taskSchema.parse(optionsOf(name, options)) as any);
  const v = task.check(questions[name] ?? '', reference, answer);
  if (v.correct !== correct) { bad++; if (v.correct) fp++; console.log(v.correct ? 'FALSE POSITIVE' : 'miss', name, JSON.stringify(reference), JSON.stringify(answer), v.state, JSON.stringify(v.readAs), v.reason ?? '', task.secondOpinion && v.state==='wrong' ? 'SECOND:'+JSON.stringify(task.secondOpinion.pair(reference, answer)) : ''); }
}
console.log(bad, 'disagree', fp, 'false positives');
