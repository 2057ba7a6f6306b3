// Holds the byte budgets of docs/architecture.md against what script/build has left in target/site.
import fs from "node:fs";
import path from "node:path";

const pkg = "target/site/pkg";
const files = fs.readdirSync(pkg, { recursive: true }).map((name) => path.join(pkg, name));
const bytes = (pattern) => files.filter((file) => pattern.test(file)).reduce((sum, file) => sum + fs.statSync(file).size, 0);

const budgets = [
  { what: "wasm and JS glue, brotli", size: bytes(/\.(wasm|js)\.br$/), budget: 120_000 },
  { what: "CSS, brotli", size: bytes(/\.css\.br$/), budget: 12_000 },
];
for (const { what, size, budget } of budgets) {
  console.log(`${what}: ${size} bytes, budget ${budget}: ${size <= budget ? "within budget" : "OVER BUDGET"}`);
}
console.log(`raw: wasm ${bytes(/\.wasm$/)}, JS ${bytes(/\.js$/)}, CSS ${bytes(/\.css$/)} bytes`);
process.exit(budgets.every(({ size, budget }) => size > 0 && size <= budget) ? 0 : 1);
