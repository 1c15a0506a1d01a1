/**
 * Opens a report in Chromium from a file, by day and by night: nothing is fetched, nothing is refused, names that are
 * markup stay text, and mouse and keyboard reach what there is. Needs a build (`npm run build`), and a browser:
 * without one it says so and passes, unless CI is set.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findChromium, startChromium } from './chromium.js';

const AXFS = process.env['AXFS'] ?? resolve(import.meta.dirname, '../../dist/tools/axfs.js');
/** Where screenshots go, if anywhere. */
const SHOTS = process.env['SCREENSHOTS'];

/** A name that breaks out of text, attributes, scripts and comments where any of them lets it. */
const HOSTILE = '"><img src=x onerror=alert(1)>\'&amp;<!--\u202e';

function skip(why) {
  console.log(`browser tests SKIPPED: ${why}`);
  process.exit(process.env['CI'] === undefined ? 0 : 1);
}

/** A small tree with a hostile name, and its report. */
function makeReport(folder) {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'bin'), { recursive: true });
  const words = 'execute in place, page by page; ';
  writeFileSync(join(tree, 'bin', 'prog'), words.repeat(1000), { mode: 0o755 });
  writeFileSync(join(tree, 'bin', HOSTILE), words.repeat(300));
  const touches = [0, 1, 2, 5].map(
    (page) => `1,0,/bin/prog,${String(page * 4096)},rx,${String(page * 9 + 2)}`,
  );
  const trace = `pid,epoch,path,offset,access,count\n${touches.join('\n')}\n2,0,/bin/${HOSTILE},0,r,3\n`;
  writeFileSync(join(folder, 'boot.csv'), trace);
  const out = join(folder, 'report.html');
  const run = spawnSync(
    process.execPath,
    [
      ...[AXFS, 'compare', tree, '--trace', join(folder, 'boot.csv'), '--flash', 'p30,slc-onfi'],
      ...['--format', 'html', '--map', 'profile', '--output', out],
    ],
    { encoding: 'utf8' },
  );
  assert.equal(run.status, 0, run.stderr);
  return pathToFileURL(out).href;
}

/** Each check gets a fresh page. */
const CHECKS = {
  'loads nothing and refuses nothing': async (page, url) => {
    assert.deepEqual(page.requests, [url]);
    assert.deepEqual(page.problems, []);
    const policy = await page.evaluate(
      "document.querySelector('meta[http-equiv=Content-Security-Policy]').content",
    );
    assert.match(
      policy,
      /^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/]{43}='; style-src 'sha256-/,
    );
  },
  'shows hostile names as text': async (page) => {
    assert.equal(await page.evaluate('document.images.length'), 0);
    const names = await page.evaluate(
      "[...document.querySelectorAll('[aria-labelledby=files] tbody th')].map((cell) => cell.textContent)",
    );
    assert.equal(names.length, 2);
    const hostile = names.find((name) => name.includes('onerror'));
    assert.ok(hostile?.startsWith('bin/"><img src=x onerror=alert(1)>\'&amp;<!--'), hostile);
    assert.ok(!hostile.includes('\u202e'), 'no character turns the text around');
  },
  'says what a script that is not its own would be told': async (page) => {
    await page.evaluate(
      "{ const script = document.createElement('script'); script.textContent = 'window.intruder = 1'; document.body.append(script); }",
    );
    assert.equal(await page.evaluate('typeof window.intruder'), 'undefined');
  },
  'tells of pages by keyboard': async (page) => {
    const told = () => page.evaluate("document.getElementById('told').textContent");
    assert.equal(await told(), 'No page is chosen.');
    await page.evaluate("document.getElementById('map').focus()");
    const first = await told();
    // The names of a directory are in order: the hostile one is first.
    assert.match(
      first,
      /onerror=.*, page 0 \(byte 0\): executed in place, 4096 bytes at [0-9]+ of the image; /,
    );
    await page.press('ArrowRight');
    assert.match(await told(), /^bin\/prog, page 0 \(byte 0\): /);
    await page.press('End');
    const last = await told();
    await page.press('ArrowRight');
    assert.equal(await told(), last);
    await page.press('Home');
    assert.equal(await told(), first);
  },
  'tells of pages by mouse': async (page) => {
    await page.evaluate("document.getElementById('map').scrollIntoView()");
    const box = await page.evaluate(
      "(({ x, y }) => ({ x, y }))(document.getElementById('map').getBoundingClientRect())",
    );
    await page.hover(box.x + 3, box.y + 3);
    const told = await page.evaluate("document.getElementById('told').textContent");
    assert.match(told, /, page 0 \(byte 0\): executed in place/);
  },
  'is reached by Tab, all of it': async (page) => {
    const reached = new Set();
    for (let i = 0; i < 200; i += 1) {
      await page.press('Tab');
      reached.add(
        await page.evaluate('document.activeElement.id || document.activeElement.tagName'),
      );
      if (reached.has('map') && reached.has('BUTTON') && reached.has('g')) return;
    }
    assert.fail(`only ${[...reached].join(', ')} were reached`);
  },
  'sorts tables': async (page) => {
    const column = () =>
      page.evaluate(
        "[...document.querySelectorAll('[aria-labelledby=part-0] table')].slice(0, 1).flatMap((table) => [...table.tBodies[0].rows].map((row) => Number(row.cells[1].dataset.v)))",
      );
    const before = await column();
    await page.evaluate(
      "document.querySelectorAll('[aria-labelledby=part-0] th button')[1].focus()",
    );
    await page.press('Enter');
    const down = await column();
    assert.deepEqual(
      down,
      [...before].sort((a, b) => b - a),
    );
    await page.press('Enter');
    assert.deepEqual(
      await column(),
      [...before].sort((a, b) => a - b),
    );
  },
  'says that NAND executes nothing in place': async (page) => {
    const note = await page.evaluate(
      "document.querySelector('[aria-labelledby=part-1] .note').textContent",
    );
    assert.match(note, /^slc-onfi has no window .* mounted as a block device/);
  },
  'has charts with a point for each design': async (page) => {
    const points = await page.evaluate(
      "document.querySelectorAll('[aria-labelledby=part-0] figure:first-of-type .mark').length",
    );
    assert.equal(points, 5);
  },
};

const binary = findChromium();
if (binary === undefined)
  skip('no Chromium here; install one (Debian: apt-get install chromium), or name one in CHROMIUM');
if (!existsSync(AXFS)) {
  console.error(`browser tests: ${AXFS} is missing, run npm run build first`);
  process.exit(1);
}

const folder = mkdtempSync(join(tmpdir(), 'axfs-report-'));
const failures = [];
let browser;
try {
  const url = makeReport(folder);
  browser = await startChromium(binary);
  const papers = [];
  for (const scheme of ['light', 'dark']) {
    for (const [name, check] of Object.entries(CHECKS)) {
      const page = await browser.open({ url, scheme });
      try {
        await check(page, url);
        console.log(`ok    ${scheme}: ${name}`);
      } catch (error) {
        failures.push(name);
        console.log(`FAIL  ${scheme}: ${name}\n${String(error.stack)}`);
      }
    }
    const page = await browser.open({ url, scheme });
    papers.push(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
    if (SHOTS !== undefined)
      writeFileSync(join(SHOTS, `report-${scheme}.png`), await page.screenshot(true));
  }
  if (papers[0] === papers[1]) failures.push('day and night look the same');
} finally {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
}
if (failures.length > 0) {
  console.error(`browser tests: ${String(failures.length)} failed: ${failures.join('; ')}`);
  process.exit(1);
}
console.log('browser tests: all passed');
