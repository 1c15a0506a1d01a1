import { execFileSync, spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AxfsError } from '../../../src/base/errno.ts';
import { createSpool, gunzipStream } from '../../../src/host/spool.ts';
import { noiseBytes } from '../../support/sample-data.ts';

let folder = '';
const saved = process.env['TMPDIR'];
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'axfs-spool-'));
  process.env['TMPDIR'] = folder;
});
afterEach(() => {
  if (saved === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = saved;
  fs.rmSync(folder, { recursive: true, force: true });
});

describe('createSpool', () => {
  it('appends, reads at any position, and has no name', () => {
    const content = noiseBytes(100_000);
    const spool = createSpool();
    for (let at = 0; at < content.length; at += 7001) spool.append(content.subarray(at, at + 7001));
    expect(spool.size).toBe(content.length);
    const into = new Uint8Array(5000);
    expect(spool.readAt(into, 1234)).toBe(5000);
    expect(Buffer.compare(into, content.subarray(1234, 6234))).toBe(0);
    expect(spool.readAt(into, content.length - 10)).toBe(10);
    expect(spool.readAt(into, content.length + 10)).toBe(0);
    expect(fs.readdirSync(folder)).toEqual([]);
    spool.close();
    spool.close();
    expect(() => spool.readAt(into, 0)).toThrow(AxfsError);
  });

  it('names the directory when it cannot be made there', () => {
    process.env['TMPDIR'] = join(folder, 'missing');
    expect(() => createSpool()).toThrow(
      expect.objectContaining({
        code: 'ENOENT',
        message: `cannot create a temporary file in ${folder}/missing: no such file or directory (ENOENT)`,
      }),
    );
  });
});

describe('gunzipStream', () => {
  const expand = async (...pieces: readonly Uint8Array[]): Promise<Buffer> => {
    const out: Uint8Array[] = [];
    await gunzipStream(pieces, (bytes) => out.push(bytes), 'x.gz');
    return Buffer.concat(out);
  };

  it('expands in pieces, several members in a row too', async () => {
    const content = noiseBytes(300_000);
    const packed = gzipSync(content);
    expect((await expand(packed.subarray(0, 1), packed.subarray(1))).equals(content)).toBe(true);
    const twice = await expand(packed, gzipSync('more'));
    expect(twice.subarray(content.length).toString()).toBe('more');
  });

  it.each([
    ['ends early', gzipSync(noiseBytes(1000)).subarray(0, 500)],
    ['is damaged', gzipSync(noiseBytes(1000)).fill(0x55, 100, 200)],
  ])('refuses what %s', async (_what, packed) => {
    await expect(expand(packed)).rejects.toThrow(
      expect.objectContaining({
        code: 'EIO',
        message: expect.stringMatching(
          /^x\.gz: cannot expand it: .*, expected a gzip stream$/,
        ) as string,
      }),
    );
  });

  it('says that more follows the stream, and takes zeros for padding', async () => {
    await expect(expand(gzipSync('text'), Buffer.from('garbage'))).rejects.toMatchObject({
      code: 'EIO',
      message: 'x.gz: more bytes follow its gzip stream, expected none or another gzip stream',
    });
    expect((await expand(gzipSync('text'), Buffer.alloc(512))).toString()).toBe('text');
  });

  it('passes on what its input and its output throw', async () => {
    const full = new AxfsError('ENOSPC', 'full');
    const refuse = (): void => {
      throw full;
    };
    await expect(gunzipStream([gzipSync('x')], refuse, 'x')).rejects.toBe(full);
    const input = (function* (): Generator<Uint8Array> {
      yield gzipSync('x').subarray(0, 5);
      throw full;
    })();
    await expect(gunzipStream(input, () => undefined, 'x')).rejects.toBe(full);
  });
});

describe('readStandardInput', () => {
  // What is built, as no child process of Node 20 runs TypeScript; the global set-up has built it.
  const built = resolve(import.meta.dirname, '../../../dist/src/host/spool.js');
  const program = `
    import { readStandardInput } from ${JSON.stringify(built)};
    const into = new Uint8Array(100000);
    const lengths = [];
    for (let got = into.length; got === into.length;) {
      got = await readStandardInput(into);
      lengths.push(got);
    }
    process.stdout.write(JSON.stringify(lengths));
  `;
  const argv = ['--input-type=module', '-e', program];

  it('fills what it is given until the input ends', () => {
    const input = Buffer.alloc(250_000);
    const { stdout, stderr } = spawnSync(process.execPath, argv, { input });
    expect(stderr.toString()).toBe('');
    expect(stdout.toString()).toBe('[100000,100000,50000]');
    const empty = execFileSync(process.execPath, argv, { input: '' });
    expect(empty.toString()).toBe('[0]');
  });

  it('waits for a slow writer', async () => {
    const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString();
    });
    for (let i = 0; i < 3; i += 1) {
      child.stdin.write(Buffer.alloc(10));
      await new Promise((done) => setTimeout(done, 100));
    }
    child.stdin.end();
    await new Promise((done) => child.on('close', done));
    expect(out).toBe('[30]');
  });
});
