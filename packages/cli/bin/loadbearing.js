#!/usr/bin/env node
// In a checkout the sources run; where the package is installed there are none, and the compiled command runs.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = fileURLToPath(new URL('../src/main.ts', import.meta.url))

if (!existsSync(source)) {
  await import('../dist/main.js')
} else if (!process.features.typescript) {
  console.error(
    `A checkout runs its sources, which Node ${process.versions.node} cannot: use npx loadbearing after npm ci.`,
  )
  process.exitCode = 1
} else {
  const parameters = ['--conditions=@loadbearing/source', source, ...process.argv.slice(2)]
  // Replacing the process leaves nothing between the shell's signals and the command.
  if (process.execve && process.platform !== 'win32') {
    process.execve(process.execPath, [process.execPath, ...parameters], process.env)
  }
  process.exitCode = spawnSync(process.execPath, parameters, { stdio: 'inherit' }).status ?? 1
}
