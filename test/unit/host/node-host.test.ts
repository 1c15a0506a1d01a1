import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createNodeHost, loadZlibModule } from '../../../src/host/node-host.ts';
import { MAX_JOBS } from '../../../src/host/host.ts';
import { noiseBytes, textBytes } from '../../support/sample-data.ts';

const host = createNodeHost();

describe('createNodeHost', () => {
  it('knows this package, this machine and this environment', () => {
    const { version } = JSON.parse(
      readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    expect(host.version).toBe(version);
    expect(host.cpus).toBeGreaterThanOrEqual(1);
    expect(host.cpus).toBeLessThanOrEqual(MAX_JOBS);
    expect(host.environment('PATH')).toBe(process.env['PATH']);
    expect(host.environment('AXFS_NO_SUCH_VARIABLE')).toBeUndefined();
    const [before, after] = [host.now(), host.now()];
    expect(after).toBeGreaterThanOrEqual(before);
  });

  it('finds the zlib of @zip.js/zip.js', () => {
    expect(loadZlibModule()).toBeDefined();
  });

  it.each([0, 2])('compresses with %i jobs what its inflater expands', async (jobs) => {
    const compressor = host.makeCompressor(jobs);
    const [text, noise] = await compressor.compress([textBytes(4096), noiseBytes(4096)]);
    await compressor.close();
    expect(noise).toBeUndefined();
    const into = new Uint8Array(4096);
    expect(host.makeInflater().inflate(text!, into)).toBe(4096);
    expect(into).toEqual(textBytes(4096));
  });

  it('hashes', () => {
    const hash = host.sha256();
    hash.update(Uint8Array.of(0x61));
    hash.update(Uint8Array.of(0x62, 0x63));
    expect(hash.hex()).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

const module = new URL('../../../dist/src/host/node-host.js', import.meta.url);

describe('the terminal of the built host', () => {
  const run = (
    body: string,
    hangUp: boolean,
  ): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve, reject) => {
      const script = `
        const { createNodeHost } = await import(${JSON.stringify(module.href)});
        const { terminal } = createNodeHost();
        ${body}`;
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: 30_000,
      });
      let out = '';
      let err = '';
      child.stdout.on('data', (data: Buffer) => {
        out += data.toString();
        if (hangUp) child.stdout.destroy();
      });
      child.stderr.on('data', (data: Buffer) => (err += data.toString()));
      child.on('error', reject);
      child.on('close', (code) => {
        resolve({ code, out, err });
      });
    });

  it('writes text and bytes, and is no TTY when it is a pipe', async () => {
    const { code, out, err } = await run(
      `terminal.out('é'); terminal.out(Uint8Array.of(0x21)); terminal.err(JSON.stringify(
        [terminal.outIsTty, terminal.errIsTty, terminal.columns, terminal.color]));`,
      false,
    );
    expect([code, out, err]).toEqual([0, 'é!', '[false,false,80,false]']);
  });

  it('tells when the reader goes away', async () => {
    const { err } = await run(
      `const timer = setInterval(() => {
         try { terminal.out('x'.repeat(65536)); }
         catch (error) { terminal.err(error.name); clearInterval(timer); clearTimeout(last); }
       }, 1);
       const last = setTimeout(() => { terminal.err('still here'); clearInterval(timer); }, 10000);`,
      true,
    );
    expect(err).toBe('ClosedOutputError');
  });
});
