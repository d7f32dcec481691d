export { type ConfigChange, configDifference } from './difference';
export { configJsonSchema } from './json-schema';
export { type ParsedFile, parseConfigFile } from './parse-config-file';
export { formatProblems, type Problem } from './problems';
export { resolvedYaml } from './provenance';
export { configReference } from './reference';
export type { RunPlan } from './run-plan';
