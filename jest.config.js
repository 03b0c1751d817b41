// One project per kind of test. No retries anywhere: a test that fails sometimes fails.
const project = (name, extra = {}) => ({
  displayName: name,
  rootDir: __dirname,
  testMatch: [`<rootDir>/test/${name}/**/*.test.ts`],
  testEnvironment: 'node',
  moduleNameMapper: {
    '^rdkafka-rx$': '<rootDir>/lib/index.ts',
    '^rdkafka-rx/testing$': '<rootDir>/lib/testing.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/build', '<rootDir>/bench/node_modules'],
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
  passWithNoTests: true,
  projects: [
    project('unit', { testTimeout: 10_000 }),
    project('mock', { testTimeout: 30_000 }),
    project('lifecycle', { testTimeout: 60_000 }),
    project('sim', { testTimeout: 120_000 }),
    project('broker', {
      testTimeout: 300_000,
      globalSetup: '<rootDir>/test/support/kafka-global-setup.ts',
      globalTeardown: '<rootDir>/test/support/kafka-global-teardown.ts',
    }),
  ],
};
