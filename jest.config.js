/**
 * Six projects. `unit` needs no server and no engine; `quick` is most of it. `integration` and `chaos` share one real
 * Temporal server and the engine's Python environment, both made ready by test/support/global-setup.ts; a missing one is
 * a failure, never a skip. `services` needs PostgreSQL, an S3 server and network namespaces, `browser` a real Chromium.
 * `npm test` runs `unit` and `integration`, so that it ends within a quarter of an hour on two cores; `.ci/run` runs all,
 * and there a missing part is a failure.
 */
const shared = {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/temporary-folder.ts',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.tutelage/'],
  transform: { '^.+\\.(m?js|ts)$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // Packages that are published as ES modules only.
  transformIgnorePatterns: [
    '/node_modules/(?!(@observablehq|d3|d3-[^/]+|internmap|delaunator|robust-predicates|isoformat|interval-tree-1d|binary-search-bounds|linkedom|htmlparser2|entities|dom[^/]+|cssom|cssomnom|css-select|css-what|boolbase|nth-check|uhyphen|html-escaper|p-queue|p-timeout|eventemitter3|log-update|ansi-[^/]+|cli-cursor|restore-cursor|slice-ansi|wrap-ansi|string-width|strip-ansi|is-fullwidth-code-point|environment|onetime|mimic-function|get-east-asian-width|emoji-regex|signal-exit|hyparquet|hyparquet-writer|hyparquet-compressors|hysnappy|fzstd)/)',
  ],
};

const unit = ['<rootDir>/src/**/*.test.ts', '<rootDir>/test/unit/**/*.test.ts'];

/** Unit tests of more than some seconds each; a run between two edits, `npm run test:quick`, leaves them out. */
const slowUnitTests = [
  ...['teacher/misbehaviour', 'teacher/agreement', 'teacher/batches', 'teacher/useless-rows', 'teacher/billing'],
  ...['teacher/echoed-secrets', 'ledger/processes', 'ledger/state-machine', 'unit/npx-in-clone', 'setup/setup'],
  ...['tasks/generated-sets', 'tasks/hostile-text', 'unit/new-task', 'unit/large-pool', 'unit/parted-pool'],
  ...['unit/stored-experiment', 'unit/compare-report', 'unit/versioning', 'unit/open-in-browser', 'ui/samples'],
  ...['unit/regular-expressions', 'hygiene/near-share', 'strategies/select', 'analysis/results', 'analysis/load'],
  ...[
    'report/report',
    'artifacts/tables',
    'datasets/published-forms',
    'statistics/coverage',
    'statistics/equal-accuracy',
  ],
];

const withServerAndEngine = {
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

module.exports = {
  // A machine that is busy with other things is slow, not wrong; tests that may take minutes say so themselves.
  testTimeout: 60_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: unit },
    { ...shared, displayName: 'quick', testMatch: unit, testPathIgnorePatterns: ['/node_modules/', ...slowUnitTests] },
    {
      ...shared,
      ...withServerAndEngine,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
    },
    { ...shared, ...withServerAndEngine, displayName: 'chaos', testMatch: ['<rootDir>/test/chaos/**/*.test.ts'] },
    { ...shared, displayName: 'services', testMatch: ['<rootDir>/test/services/**/*.test.ts'] },
    { ...shared, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.test.ts'] },
  ],
};
