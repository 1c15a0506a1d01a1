/**
 * Drives an installed Chromium over its debugging pipe: no package, no port, no network.
 *
 * @module
 */
import { Buffer } from 'node:buffer';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser to run: the one that CHROMIUM names, or one on the path; undefined without one. */
export function findChromium() {
  const named = process.env['CHROMIUM'];
  if (named !== undefined) return named;
  return NAMES.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
}

/** Starts a browser without a window; `close` ends it and removes its profile. */
export async function startChromium(binary) {
  const profile = mkdtempSync(join(tmpdir(), 'axfs-browser-'));
  const child = spawn(
    binary,
    [
      '--headless=new',
      '--remote-debugging-pipe',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      `--user-data-dir=${profile}`,
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const waiting = new Map();
  const listeners = [];
  let next = 1;
  let pending = '';
  child.once('exit', (code) => {
    for (const { reject } of waiting.values())
      reject(new Error(`the browser ended with code ${String(code)}`));
  });
  child.stdio[4].setEncoding('utf8').on('data', (piece) => {
    pending += piece;
    const messages = pending.split('\0');
    pending = messages.pop();
    for (const message of messages.map((text) => JSON.parse(text))) {
      const call = waiting.get(message.id);
      waiting.delete(message.id);
      if (call === undefined) for (const listener of listeners) listener(message);
      else if (message.error === undefined) call.resolve(message.result);
      else call.reject(new Error(`${call.method}: ${message.error.message}`));
    }
  });
  const send = (method, params = {}, sessionId = undefined) =>
    new Promise((resolve, reject) => {
      const id = next;
      next += 1;
      waiting.set(id, { resolve, reject, method });
      child.stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  return {
    open: (options) => openPage({ send, listeners }, options),
    async close() {
      await send('Browser.close').catch(() => undefined);
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Opens `url` in a window of `width` × `height`, by `scheme` (light or dark). */
async function openPage({ send, listeners }, { url, scheme, width = 1200, height = 900 }) {
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const call = (method, params) => send(method, params, sessionId);
  const problems = [];
  const requests = [];
  let loaded;
  const load = new Promise((resolve) => (loaded = resolve));
  listeners.push((message) => {
    if (message.sessionId !== sessionId) return;
    const { method, params } = message;
    if (method === 'Page.loadEventFired') loaded();
    if (method === 'Network.requestWillBeSent') requests.push(params.request.url);
    if (method === 'Log.entryAdded') problems.push(params.entry.text);
    if (method === 'Runtime.exceptionThrown') problems.push(params.exceptionDetails.text);
  });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await call(`${domain}.enable`, {});
  await call('Emulation.setDeviceMetricsOverride', {
    ...{ width, height, deviceScaleFactor: 1, mobile: false },
  });
  await call('Emulation.setEmulatedMedia', {
    features: [{ name: 'prefers-color-scheme', value: scheme }],
  });
  await call('Page.navigate', { url });
  await load;
  return {
    problems,
    requests,
    async evaluate(expression) {
      const { result, exceptionDetails } = await call('Runtime.evaluate', {
        ...{ expression, returnByValue: true, awaitPromise: true },
      });
      if (exceptionDetails !== undefined)
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async press(key, code = key, text = undefined) {
      const keyCodes = { Tab: 9, Enter: 13, End: 35, Home: 36, ArrowRight: 39, ArrowDown: 40 };
      const event = { key, code, windowsVirtualKeyCode: keyCodes[key], text };
      await call('Input.dispatchKeyEvent', { type: 'keyDown', ...event });
      await call('Input.dispatchKeyEvent', { type: 'keyUp', ...event });
    },
    async hover(x, y) {
      await call('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
    },
    async screenshot(whole = false) {
      const { data } = await call('Page.captureScreenshot', {
        ...{ format: 'png', captureBeyondViewport: whole },
      });
      return Buffer.from(data, 'base64');
    },
  };
}
