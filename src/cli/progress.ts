/**
 * A progress bar on standard error: only on a terminal, only for what takes longer than a second.
 *
 * @module
 */
import type { Host } from '../host/host.ts';

/** Shows how far something is. */
export interface Progress {
  update(done: number, total: number): void;
  /** Removes the bar. */
  end(): void;
}

const PATIENCE_MS = 1000;
const REDRAW_MS = 100;
const BAR_MAX = 40;
const ERASE_LINE = '\r\x1b[K';

/** A bar that begins with `label`; `enabled` false shows nothing. */
export function startProgress(host: Host, label: string, enabled: boolean): Progress {
  const { terminal } = host;
  if (!enabled || !terminal.errIsTty) return { update: () => undefined, end: () => undefined };
  const start = host.now();
  let drawn: number | undefined;
  return {
    update(done, total) {
      const now = host.now();
      if (now - start < PATIENCE_MS || (drawn !== undefined && now - drawn < REDRAW_MS)) return;
      drawn = now;
      terminal.err(ERASE_LINE + progressLine(label, done, total, terminal.columns));
    },
    end() {
      if (drawn !== undefined) terminal.err(ERASE_LINE);
      drawn = undefined;
    },
  };
}

/** `label [#####.....]  50 %`, at most one column narrower than the terminal. */
export function progressLine(label: string, done: number, total: number, columns: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const figure = `${String(Math.floor(share * 100)).padStart(3)} %`;
  const width = Math.min(BAR_MAX, columns - label.length - figure.length - 5);
  if (width < 4) return figure;
  const filled = Math.floor(share * width);
  return `${label} [${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${figure}`;
}
