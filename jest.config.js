/**
 * Four projects. `unit` needs no server and no engine. `integration` shares one real Temporal server and the engine's
 * Python environment, both made ready by test/support/global-setup.ts; a missing one is a failure, never a skip. `services`
 * needs PostgreSQL, an S3 server and network namespaces, `browser` a real Chromium: `npm test` does not ask them of a
 * machine, `.ci/run` does, and there a missing one is a failure.
 */
const shared = {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/test/support/temporary-folder.ts',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.tutelage/'],
  transform: { '^.+\\.(m?js|ts)$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  // Packages that are published as ES modules only.
  transformIgnorePatterns: ['/node_modules/(?!(@observablehq|d3|d3-[^/]+|internmap|delaunator|robust-predicates|isoformat|interval-tree-1d|binary-search-bounds|linkedom|htmlparser2|entities|dom[^/]+|cssom|cssomnom|css-select|css-what|boolbase|nth-check|uhyphen|html-escaper|p-queue|p-timeout|eventemitter3|log-update|ansi-[^/]+|cli-cursor|restore-cursor|slice-ansi|wrap-ansi|string-width|strip-ansi|is-fullwidth-code-point|environment|onetime|mimic-function|get-east-asian-width|emoji-regex|signal-exit|hyparquet|hyparquet-writer)/)'],
};

module.exports = {
  // A machine that is busy with other things is slow, not wrong; tests that may take minutes say so themselves.
  testTimeout: 60_000,
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/src/**/*.test.ts', '<rootDir>/test/unit/**/*.test.ts'] },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.test.ts', '<rootDir>/test/chaos/**/*.test.ts'],
      globalSetup: '<rootDir>/test/support/global-setup.ts',
      globalTeardown: '<rootDir>/test/support/global-teardown.ts',
    },
    { ...shared, displayName: 'services', testMatch: ['<rootDir>/test/services/**/*.test.ts'] },
    { ...shared, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.test.ts'] },
  ],
};
