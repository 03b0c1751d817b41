// One project per kind of test. No retries anywhere: a test that fails sometimes fails.
const project = (name, extra = {}) => ({
  displayName: name,
  rootDir: __dirname,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  moduleNameMapper: {
    '^rdkafka-rx$': '<rootDir>/lib/index.ts',
    '^rdkafka-rx/(prometheus|opentelemetry)$': '<rootDir>/lib/observe/$1.ts',
    '^rdkafka-rx/testing$': '<rootDir>/lib/testing.ts',
  },
  modulePathIgnorePatterns: [
    '<rootDir>/dist',
    '<rootDir>/build',
    '<rootDir>/bench/node_modules',
    '<rootDir>/bench/tools',
    '<rootDir>/test/packages',
  ],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript', explicitResourceManagement: true } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  ...extra,
});

module.exports = {
  maxWorkers: 2,
  // Jest takes this from the top level only; files that need more say so with jest.setTimeout().
  testTimeout: 60_000,
  passWithNoTests: true,
  projects: [
    project('unit'),
    project('mock'),
    project('lifecycle'),
    project('sim'),
    project('faults'),
    project('broker', {
      globalSetup: '<rootDir>/test/support/kafka-global-setup.ts',
      globalTeardown: '<rootDir>/test/support/kafka-global-teardown.ts',
    }),
  ],
};
