/*
 * licenses: writes licenses.txt into a build: what of others it contains, and under which terms.
 *
 * node scripts/licenses.mjs DIRECTORY. Goes by package-lock.json: everything that is not only for development.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = process.argv[2];
if (!root) {
  process.stderr.write('licenses: name the directory of the build\n');
  process.exit(2);
}

const lock = JSON.parse(await readFile('package-lock.json', 'utf8'));
const parts = [];
for (const [path, entry] of Object.entries(lock.packages)) {
  if (!path.startsWith('node_modules/') || entry.dev || entry.optional || entry.devOptional) continue;
  const files = await readdir(path).catch(() => []);
  const name = files.find((file) => /^(licen[cs]e|copying)(\.|$)/i.test(file));
  const text = name ? await readFile(join(path, name), 'utf8') : '';
  parts.push(
    `${path.slice('node_modules/'.length)} ${entry.version} (${entry.license ?? 'see its package'})\n\n${text.trim()}\n`,
  );
}
await writeFile(join(root, 'licenses.txt'), parts.join(`\n${'-'.repeat(80)}\n\n`));
process.stdout.write(`licenses of ${parts.length} packages\n`);
