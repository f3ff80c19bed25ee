import js from '@eslint/js'
import nx from '@nx/eslint-plugin'
import prettier from 'eslint-config-prettier'
import jsonc from 'jsonc-eslint-parser'
import ts from 'typescript-eslint'

// An arrow points down only: who may import whom, by the tags in each package.json.
const boundaries = {
  'type:core': [],
  'type:engine': ['type:core'],
  // The backward engine reads the graphs of the forward one.
  'type:gradients': ['type:core', 'type:engine'],
  'type:ranking': ['type:core'],
  'type:dataset': ['type:core'],
  'type:zoo': ['type:core'],
  'type:images': ['type:core'],
  // Files alone, found by their paths: nobody imports it.
  'type:networks': [],
  'type:plugin': ['type:core'],
  // Criteria that combine other criteria.
  'type:ensemble': ['type:core', 'type:ranking', 'type:plugin'],
  'type:bench': [
    'type:core',
    'type:engine',
    'type:gradients',
    'type:ranking',
    'type:dataset',
    'type:zoo',
    'type:images',
    'type:plugin',
    'type:ensemble',
  ],
  'type:app': ['type:core', 'type:ranking', 'type:dataset'],
  'type:cli': [
    'type:core',
    'type:engine',
    'type:gradients',
    'type:ranking',
    'type:dataset',
    'type:zoo',
    'type:images',
    'type:bench',
    'type:app',
  ],
  'type:tools': ['*'],
}

// What must run in a browser reaches no file, process or network of Node.
const browserSafe = [
  'packages/core/src',
  'packages/ranking/src',
  'packages/perturbations-*/src',
  'packages/criteria-*/src',
]

export default ts.config(
  { ignores: ['**/dist/', '**/.astro/', '**/*.astro', '**/fixtures/', '**/*.generated.ts', '.nx/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strictTypeChecked, ts.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        {
          depConstraints: Object.entries(boundaries).map(([sourceTag, onlyDependOnLibsWithTags]) => ({
            sourceTag,
            onlyDependOnLibsWithTags,
          })),
        },
      ],
      // An index that the line before has bounded is not undefined; the alternative is a branch that never runs.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Implementations of an asynchronous contract need not wait for anything.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    // All benchmarks take turns by one clock, wherever they lie; none is published.
    files: ['packages/*/bench/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': 'off' },
  },
  {
    files: browserSafe.map((folder) => `${folder}/**/*.ts`),
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { group: ['node:*', 'fs', 'path', 'os', 'worker_threads'], message: 'This package runs in a browser.' },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'process', 'Buffer', '__dirname'],
    },
  },
  {
    files: ['**/package.json'],
    // Never published: they use what the workspace has.
    ignores: ['tools/package.json'],
    languageOptions: { parser: jsonc },
    plugins: { '@nx': nx },
    rules: {
      '@nx/dependency-checks': [
        'error',
        {
          buildTargets: ['build', 'test'],
          ignoredFiles: ['**/*.test.ts', '**/test/**', '{projectRoot}/bench/**'],
          checkVersionMismatches: false,
          // An optional peer, found by the path of its files rather than imported.
          ignoredDependencies: ['@loadbearing/zoo-networks'],
        },
      ],
    },
  },
  {
    files: ['**/*.js'],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: { console: 'readonly', process: 'readonly', URL: 'readonly' } },
  },
  prettier,
)
