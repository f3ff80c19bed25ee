import { gzipSync } from 'node:zlib'
import { rngFrom, type Rng } from '@loadbearing/core'
import sharp from 'sharp'
import { sentences, word, words } from './made-words.ts'

/** Kinds of files that Magika tells apart, by its names for them, and how one of each is made. */
const kinds: Readonly<Record<string, (rng: Rng) => string | Promise<Buffer> | Buffer>> = {
  c: (rng) =>
    `#include <stdio.h>\n#include <stdlib.h>\n\n${several(rng, (its) => `static int ${word(its)}(int ${word(its)}, const char *s) {\n    if (s == NULL) {\n        return -1;\n    }\n    printf("%s\\n", s);\n    return ${its.integer(99)};\n}\n`)}\nint main(int argc, char **argv) {\n    return 0;\n}\n`,
  css: (rng) =>
    several(
      rng,
      (its) =>
        `.${word(its)} {\n  margin: ${its.integer(20)}px;\n  color: #${its.integer(16 ** 6).toString(16)};\n  display: flex;\n}\n`,
    ),
  csv: (rng) =>
    `id,name,value,share\n${several(rng, (its) => `${its.integer(9999)},${word(its)},${its.integer(500)},${its.uniform().toFixed(3)}`, 40)}\n`,
  go: (rng) =>
    `package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\n${several(rng, (its) => `func ${word(its)}(n int, s string) (string, error) {\n\tif n > ${its.integer(99)} {\n\t\treturn "", fmt.Errorf("too large: %d", n)\n\t}\n\treturn s, nil\n}\n`)}\nfunc main() {\n\tfmt.Println(os.Args)\n}\n`,
  gzip: (rng) => gzipSync(sentences(rng, 60)),
  html: (rng) =>
    `<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>${words(rng, 3)}</title></head>\n<body>\n${several(rng, (its) => `<h2>${words(its, 3)}</h2>\n<p class="${word(its)}">${sentences(its, 2)}</p>`)}\n</body>\n</html>\n`,
  ini: (rng) =>
    several(
      rng,
      (its) =>
        `[${word(its)}]\n${word(its)} = ${its.integer(100)}\n${word(its)} = true\n; ${words(its, 4)}\npath = /usr/${word(its)}\n`,
    ),
  java: (rng) =>
    `package com.${word(rng)};\n\nimport java.util.List;\n\npublic class Example {\n${several(rng, (its) => `    private final int ${word(its)};\n\n    public List<String> ${word(its)}(String s) throws Exception {\n        return List.of(s);\n    }\n`)}}\n`,
  javascript: (rng) =>
    `'use strict';\n\nconst fs = require('fs');\n\n${several(rng, (its) => `function ${word(its)}(a, b) {\n  const ${word(its)} = a.map((x) => x + ${its.integer(9)});\n  console.log(b);\n  return undefined;\n}\n`)}\nmodule.exports = {};\n`,
  json: (rng) =>
    JSON.stringify(
      Array.from({ length: 20 }, () => ({ name: word(rng), value: rng.integer(1000), tags: [word(rng), word(rng)] })),
      null,
      2,
    ),
  markdown: (rng) =>
    `# ${words(rng, 3)}\n\n${several(rng, (its) => `## ${words(its, 2)}\n\n${sentences(its, 3)}\n\n- ${words(its, 3)}\n- [${words(its, 2)}](https://example.org/${word(its)})\n`)}`,
  png: async (rng) =>
    sharp({
      create: {
        width: 40 + rng.integer(60),
        height: 40,
        channels: 3,
        background: 'white',
        noise: { type: 'gaussian', mean: 120, sigma: 30 },
      },
    })
      .png()
      .toBuffer(),
  python: (rng) =>
    `import os\nimport sys\n\n\n${several(rng, (its) => `def ${word(its)}(${word(its)}, n=${its.integer(9)}):\n    """${words(its, 4)}."""\n    for i in range(n):\n        print(i)\n    return None\n\n`)}\nif __name__ == "__main__":\n    main()\n`,
  rust: (rng) =>
    `use std::collections::HashMap;\n\n${several(rng, (its) => `pub fn ${word(its)}(n: u32, s: &str) -> Option<String> {\n    let mut map: HashMap<u32, String> = HashMap::new();\n    map.insert(n, s.to_string());\n    map.get(&${its.integer(99)}).cloned()\n}\n`)}\nfn main() {\n    println!("{}", 1);\n}\n`,
  sql: (rng) =>
    several(
      rng,
      (its) =>
        `CREATE TABLE ${word(its)} (id INTEGER PRIMARY KEY, ${word(its)} TEXT NOT NULL);\nINSERT INTO ${word(its)} VALUES (${its.integer(99)}, '${word(its)}');\nSELECT COUNT(*) FROM ${word(its)} WHERE id > ${its.integer(9)} ORDER BY id;\n`,
    ),
  xml: (rng) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<records>\n${several(rng, (its) => `  <record id="${its.integer(999)}"><name>${word(its)}</name><note>${words(its, 4)}</note></record>`)}\n</records>\n`,
}

/** A file of a kind, and what kind it is. */
export interface MadeFile {
  readonly kind: string
  readonly bytes: Uint8Array
}

/** As many files of every kind, the same each time. */
export async function makeFiles(ofEach: number): Promise<MadeFile[]> {
  const files: MadeFile[] = []
  for (const [kind, make] of Object.entries(kinds)) {
    for (let i = 0; i < ofEach; i++) {
      const made = await make(rngFrom('real models', kind, i))
      files.push({ kind, bytes: typeof made === 'string' ? new TextEncoder().encode(made) : made })
    }
  }
  return files
}

const several = (rng: Rng, make: (rng: Rng) => string, least = 5): string =>
  Array.from({ length: least + rng.integer(10) }, () => make(rng)).join('\n')
