/**
 * Chooses pages for the XIP region under a budget of flash. A page's benefit is the faults that its count
 * says it saves; its price is the flash that it adds: what it takes in the XIP region less what it would
 * take compressed. Pages are taken by benefit per byte; one that no longer fits is passed over, and cheaper
 * ones may still follow.
 *
 * The bound: let v be the benefit of the first page that did not fit. No choice within the budget is worth
 * more than this one and v together, because up to that page the greedy order is the best use of every byte;
 * and as that page is no larger than a page (4096 bytes), this choice is worth at least 1 - 4096 / budget of
 * the best. test/property/choose.property.test.ts holds both against an exact knapsack.
 *
 * @module
 */
import type { ByteString } from '../base/bytestring.ts';

/** Pages of files, by path. */
export type PageSets = ReadonlyMap<ByteString, ReadonlySet<number>>;

/** Why a page was taken or left, with words for people. */
export const CHOICE_REASONS = {
  listed: { isTaken: true, text: 'selected, and no budget to keep' },
  free: { isTaken: true, text: 'adds no flash' },
  worth: { isTaken: true, text: 'within the budget' },
  'over-budget': { isTaken: false, text: 'over budget' },
  unused: { isTaken: false, text: 'without a count' },
  written: { isTaken: false, text: 'written' },
  relocated: { isTaken: false, text: 'relocated (PT_GNU_RELRO)' },
  writable: { isTaken: false, text: 'in writable segments' },
} as const;

/** Name of a reason. */
export type ChoiceReason = keyof typeof CHOICE_REASONS;

/** Reasons that keep a page out whatever it costs. */
export type Bar = Extract<ChoiceReason, 'written' | 'relocated' | 'writable'>;

/** A page to decide on. No two have the same path and page. */
export interface Candidate {
  readonly path: ByteString;
  readonly page: number;
  /** Faults that it would save. */
  readonly count: number;
  /** Bytes it takes when it is not in the XIP region; `undefined` when nobody asked. */
  readonly stored?: number;
  /** Bytes of flash that the XIP region takes more than `stored`; 0 also for less. */
  readonly added: number;
  readonly bar?: Bar;
  /** Pages of one content are one page of the image: taken together, paid once. */
  readonly content?: string;
}

/** A page decided on. */
export interface Decision extends Candidate {
  readonly reason: ChoiceReason;
  /** It was paid with another of the same content. */
  readonly isTwin: boolean;
}

/** The pages chosen, and why. */
export interface Choice {
  /** The best per byte first; what is barred last. */
  readonly decisions: readonly Decision[];
  readonly pages: PageSets;
  /** Bytes of flash added. */
  readonly spent: number;
  readonly budget?: number;
}

/** Candidates that come or go together. */
interface Lot {
  readonly members: readonly [Candidate, ...Candidate[]];
  readonly count: number;
  readonly added: number;
  /** Benefit per byte. Equal ratios are equal doubles, since a quotient is rounded correctly. */
  readonly ratio: number;
}

/** By the bytes of the path, then by page. */
const byPlace = (a: Candidate, b: Candidate): number =>
  a.path === b.path ? a.page - b.page : a.path < b.path ? -1 : 1;

/** Chooses; without a budget, everything that is not barred. The order of `candidates` does not matter. */
export function choose(candidates: readonly Candidate[], budget?: number): Choice {
  const sorted = [...candidates].sort(byPlace);
  const decisions: Decision[] = [];
  let spent = 0;
  for (const lot of lotsOf(sorted)) {
    const reason = reasonFor(lot, spent, budget);
    if (CHOICE_REASONS[reason].isTaken) spent += lot.added;
    lot.members.forEach((member, i) => decisions.push({ ...member, reason, isTwin: i > 0 }));
  }
  for (const candidate of sorted)
    if (candidate.bar !== undefined)
      decisions.push({ ...candidate, reason: candidate.bar, isTwin: false });
  const pages = new Map<ByteString, Set<number>>();
  for (const { path, page } of decisions.filter(({ reason }) => CHOICE_REASONS[reason].isTaken)) {
    const taken = pages.get(path) ?? new Set<number>();
    pages.set(path, taken.add(page));
  }
  return { decisions, pages, spent, ...(budget === undefined ? {} : { budget }) };
}

function reasonFor(
  { count, added }: Lot,
  spent: number,
  budget: number | undefined,
): Exclude<ChoiceReason, Bar> {
  if (budget === undefined) return 'listed';
  if (added === 0) return 'free';
  if (count === 0) return 'unused';
  return spent + added <= budget ? 'worth' : 'over-budget';
}

/** What may be chosen, the best per byte first; ties by path and page. */
function lotsOf(sorted: readonly Candidate[]): readonly Lot[] {
  const twins = new Map<string, [Candidate, ...Candidate[]]>();
  const groups: [Candidate, ...Candidate[]][] = [];
  for (const candidate of sorted) {
    if (candidate.bar !== undefined) continue;
    const { content } = candidate;
    const group = content === undefined ? undefined : twins.get(content);
    if (group !== undefined) {
      group.push(candidate);
      continue;
    }
    const fresh: [Candidate] = [candidate];
    groups.push(fresh);
    if (content !== undefined) twins.set(content, fresh);
  }
  const lots = groups.map((members): Lot => {
    const [{ added }] = members;
    const count = members.reduce((sum, member) => sum + member.count, 0);
    return { members, count, added, ratio: added === 0 ? Infinity : count / added };
  });
  return lots.sort((a, b) =>
    a.ratio === b.ratio ? byPlace(a.members[0], b.members[0]) : b.ratio - a.ratio,
  );
}
