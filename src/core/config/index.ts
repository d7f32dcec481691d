export { configDifference } from './difference';
export { configJsonSchema } from './json-schema';
export { parseConfigFile } from './parse-config-file';
export { formatProblems } from './problems';
export { resolvedYaml } from './provenance';
export { configReference } from './reference';
export type { RunPlan } from './run-plan';
