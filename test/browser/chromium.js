/**
 * An installed Chromium, driven by playwright-core.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser to run: the one that CHROMIUM names, or one on the path; undefined without one. */
export function findChromium() {
  const named = process.env['CHROMIUM'];
  if (named !== undefined) return named;
  const name = NAMES.find((one) => spawnSync(one, ['--version'], { stdio: 'ignore' }).status === 0);
  if (name === undefined) return undefined;
  return spawnSync('sh', ['-c', 'command -v "$1"', 'sh', name], { encoding: 'utf8' }).stdout.trim();
}

/** Starts a browser without a window; `close` ends it. */
export async function startChromium(binary) {
  const browser = await chromium.launch({
    executablePath: binary,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  return {
    open: (options) => openPage(browser, options),
    close: () => browser.close(),
  };
}

/** Opens `url` in a window of `width` × `height`, by `scheme` (light or dark). */
async function openPage(browser, { url, scheme, width = 1200, height = 900 }) {
  const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height } });
  const page = await context.newPage();
  const problems = [];
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(url, { waitUntil: 'load' });
  return {
    problems,
    requests,
    evaluate: (expression) => page.evaluate(expression),
    press: (key) => page.keyboard.press(key),
    hover: (x, y) => page.mouse.move(x, y),
    screenshot: (fullPage = false) => page.screenshot({ fullPage }),
  };
}
