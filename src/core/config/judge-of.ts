import type { RunConfig, TeacherConfig } from './schema';

/**
 * The judge as a configuration of its own. What the file leaves out is the teacher's. Price and request fields belong
 * to the model; headers and query belong to the endpoint, so that no other host gets what was meant for the teacher's.
 */
export function judgeOf({ teacher, judge }: Pick<RunConfig, 'teacher' | 'judge'>): TeacherConfig {
  // A teacher that errs on demand has a judge that does not.
  const {
    price,
    base_url,
    max_tokens_parameter,
    parameters,
    headers,
    query,
    system: _,
    noise: __,
    ...shared
  } = teacher;
  const { provider = teacher.provider, model = teacher.model } = judge ?? {};
  const isElsewhere = provider !== teacher.provider;
  const isAnotherEndpoint = isElsewhere || (judge?.base_url !== undefined && judge.base_url !== base_url);
  const isAnotherModel = isElsewhere || model !== teacher.model;
  return {
    ...shared,
    ...(isElsewhere ? { model: 'offline' } : { base_url }),
    ...(isAnotherModel ? {} : written({ price, max_tokens_parameter, parameters })),
    ...(isAnotherEndpoint ? {} : written({ headers, query })),
    ...{ temperature: 0.2, max_tokens: 512, mode: 'live' as const },
    ...written(judge ?? {}),
  };
}

/** Without the keys that are not there, which would otherwise overwrite. */
const written = <T extends object>(given: T) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]: Exclude<T[Key], undefined>;
  };
