// Holds the byte budgets of docs/architecture.md against what script/build has left in target/site.
import fs from "node:fs";
import path from "node:path";

const pkg = "target/site/pkg";
const files = fs.readdirSync(pkg, { recursive: true }).map((name) => path.join(pkg, name));
const bytes = (pattern) => files.filter((file) => pattern.test(file)).reduce((sum, file) => sum + fs.statSync(file).size, 0);

const budgets = [
  ["wasm and JS glue, brotli", bytes(/\.(wasm|js)\.br$/), 120_000],
  ["CSS, brotli", bytes(/\.css\.br$/), 12_000],
];
let good = true;
for (const [what, size, budget] of budgets) {
  console.log(`${size <= budget ? "ok  " : "OVER"} ${what}: ${size} of ${budget} bytes`);
  good &&= size > 0 && size <= budget;
}
console.log(`     raw: wasm ${bytes(/\.wasm$/)}, JS ${bytes(/\.js$/)}, CSS ${bytes(/\.css$/)} bytes`);
process.exit(good ? 0 : 1);
