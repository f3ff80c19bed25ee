/** Prints a command's result on stdout: the value as JSON where that was asked for, otherwise the text. */
export function printResult(asJson: boolean | undefined, value: unknown, text: () => string): void {
  process.stdout.write(asJson ? `${JSON.stringify(value, null, 2)}\n` : `${text()}\n`)
}

/** Says on stderr what is going on. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
