/** Makes Node not find the npm packages named in HIDDEN_PACKAGES, in this process and those that it starts. */
import { registerHooks } from 'node:module'
import process from 'node:process'

const hidden = new Set(process.env.HIDDEN_PACKAGES.split(','))

registerHooks({
  resolve(specifier, context, next) {
    if (hidden.has(specifier)) throw new Error(`Cannot find package '${specifier}'`)
    return next(specifier, context)
  },
})
