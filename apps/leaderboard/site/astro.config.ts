import { defineConfig } from 'astro/config'

// For `astro check` alone; src/build.ts has the configuration of the build.
export default defineConfig({ srcDir: '.', cacheDir: '.astro/cache' })
