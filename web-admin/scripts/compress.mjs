/*
 * compress: writes FILE.br and FILE.gz beside every text asset of a build, for the edge to serve as they are.
 *
 * node scripts/compress.mjs DIRECTORY. What does not get smaller is left alone.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const TEXT = new Set(['.html', '.js', '.css', '.svg', '.json', '.txt', '.webmanifest']);

const root = process.argv[2];
if (!root) {
  process.stderr.write('compress: name the directory of the build\n');
  process.exit(2);
}

const total = { files: 0, plain: 0, gz: 0, br: 0 };

for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !TEXT.has(extname(file))) continue;
  const plain = await readFile(file);
  const br = brotliCompressSync(plain, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
    },
  });
  const gz = gzipSync(plain, { level: 9 });
  if (br.length < plain.length) await writeFile(`${file}.br`, br);
  if (gz.length < plain.length) await writeFile(`${file}.gz`, gz);
  total.files += 1;
  total.plain += plain.length;
  total.gz += gz.length;
  total.br += br.length;
}

const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
process.stdout.write(
  `compressed ${total.files} files: ${kb(total.plain)} plain, ${kb(total.gz)} gzip, ${kb(total.br)} brotli\n`,
);
