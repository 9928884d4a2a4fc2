// Reads specs with the grammar as VS Code does: every word has a scope, and known words the right one.
//
//   node test/grammar.mjs FOLDER…

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(import.meta.url);
const oniguruma = require("vscode-oniguruma");
const textmate = require("vscode-textmate");

const here = new URL("..", import.meta.url);
const wasm = readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm"));
await oniguruma.loadWASM(wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength));
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async () => {
    const path = new URL("syntaxes/cnn.tmLanguage.json", here);
    return textmate.parseRawGrammar(readFileSync(path, "utf8"), path.pathname);
  },
});
const grammar = await registry.loadGrammar("source.cnn");

/** The words of a text with the innermost scope of each. */
function* words(text) {
  let stack = textmate.INITIAL;
  for (const [index, line] of text.split("\n").entries()) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    for (const { startIndex, endIndex, scopes } of tokens) {
      const word = line.slice(startIndex, endIndex);
      if (word.trim()) {
        yield { word: word.trim(), scope: scopes.at(-1), line: index + 1 };
      }
    }
  }
}

const wanted = {
  "# 3x3 conv": "comment.line",
  model: "keyword.declaration",
  Net: "entity.name.type",
  classes: "variable.parameter",
  "224x224x3": "constant.numeric.size",
  stem: "entity.name.section",
  conv: "support.function.op",
  add: "support.function.merge",
  "->": "keyword.operator.arrow",
  same: "constant.language",
  here: "variable.language",
  channels: "variable.other.property",
  unit: "entity.name.function.call",
  tensor: "variable.other",
  "25.6M": "constant.numeric.rounded",
  "0.5": "constant.numeric.float",
  '"a"': "string.quoted",
};
const sample = `# 3x3 conv
model Net(classes = 10) {
  input 224x224x3
  stage stem { conv(64, 3, pad = same) -> unit(in.channels, 0.5, "a") }
  add [ here, tensor ]
  expect params 25.6M
}`;
const found = new Map(Array.from(words(sample), ({ word, scope }) => [word, scope]));
for (const [word, scope] of Object.entries(wanted)) {
  assert.ok(found.get(word)?.startsWith(scope), `${word} is ${found.get(word)}, not ${scope}`);
}

let files = 0;
let count = 0;
for (const folder of process.argv.slice(2)) {
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".cnn"))) {
    files += 1;
    for (const { word, scope, line } of words(readFileSync(join(folder, name), "utf8"))) {
      count += 1;
      assert.notEqual(scope, "source.cnn", `${name}:${line}: nothing knows \`${word}\``);
      const isComment = scope.startsWith("comment");
      assert.ok(isComment || /^(\w+|".*"|[^\w\s]+|[\d._]+\w*([+-]\d+)?)$/.test(word), `${name}:${line}: \`${word}\``);
    }
  }
}
assert.ok(files > 0, "no specs");
console.log(`${count} words of ${files} specs`);
