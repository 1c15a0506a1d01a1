/**
 * Counts the page faults of a trace without the simulator: from the trace's lines alone, and for each page
 * whether the image stores it for execution in place. Shares no code with src/.
 */

/** What a replay must count. */
export interface Recount {
  readonly faults: number;
  readonly xip: number;
  readonly fills: number;
  readonly hits: number;
  /** Write-protect faults on present pages, over flash and over RAM. */
  readonly writeProtectXip: number;
  readonly writeProtectFile: number;
  /** Pages that were copied in the fault that found them (route `return`, first touch a write, page in RAM). */
  readonly earlyCow: number;
  readonly touches: number;
  /** Largest anonymous and file RSS of a process at its end, pages. */
  readonly largestAnon: number;
  readonly largestFile: number;
}

/**
 * Recounts `csv`. `isXip(path, page)` says how the image stores a page; `route` is how RAM pages get mapped.
 */
export function recountTrace(
  csv: string,
  isXip: (path: string, page: number) => boolean,
  route: 'insert' | 'return',
): Recount {
  const lines = csv.split('\n').filter((line) => /^[0-9]/.test(line));
  const cached = new Set<string>();
  /** State of a page in a process: mapped read-only, or copied. */
  const mapped = new Map<string, 'shared' | 'copied'>();
  const rss = new Map<string, { anon: number; file: number }>();
  const count = {
    ...{ xip: 0, fills: 0, hits: 0, writeProtectXip: 0, writeProtectFile: 0 },
    ...{ earlyCow: 0, touches: 0 },
  };
  for (const line of lines) {
    const [pid = '', , path = '', offset = '', access = ''] = line.split(',');
    const page = Number(offset) / 4096;
    const inFile = `${path}:${String(page)}`;
    const inProcess = `${pid}:${inFile}`;
    const xip = isXip(path, page);
    const usage = rss.get(pid) ?? { anon: 0, file: 0 };
    rss.set(pid, usage);
    for (const letter of ['r', 'x', 'w'].filter((one) => access.includes(one))) {
      count.touches += 1;
      if (!mapped.has(inProcess)) {
        if (xip) count.xip += 1;
        else if (cached.has(inFile)) count.hits += 1;
        else count.fills += 1;
        if (!xip) cached.add(inFile);
        if (letter === 'w' && !xip && route === 'return') {
          count.earlyCow += 1;
          usage.anon += 1;
          mapped.set(inProcess, 'copied');
          continue;
        }
        mapped.set(inProcess, 'shared');
        if (!xip) usage.file += 1;
      }
      if (letter === 'w' && mapped.get(inProcess) === 'shared') {
        if (xip) count.writeProtectXip += 1;
        else count.writeProtectFile += 1;
        if (!xip) usage.file -= 1;
        usage.anon += 1;
        mapped.set(inProcess, 'copied');
      }
    }
  }
  const faults =
    count.xip + count.fills + count.hits + count.writeProtectXip + count.writeProtectFile;
  const usages = [...rss.values()];
  return {
    ...count,
    faults,
    largestAnon: Math.max(0, ...usages.map(({ anon }) => anon)),
    largestFile: Math.max(0, ...usages.map(({ file }) => file)),
  };
}
