/**
 * What a front (src/cost/front.ts) comes down to: some points of it, and its knee, the point after which more
 * of the one buys little of the other: the one furthest from the straight line between the ends, both axes
 * scaled to 1 (V. Satopaa et al., "Finding a Kneedle in a Haystack", ICDCS 2011).
 *
 * @module
 */
import type { PlanePoint } from '../cost/front.ts';

/** The knee of a front; `undefined` for fewer than three points. */
export function kneeOf<Point extends PlanePoint>(front: readonly Point[]): Point | undefined {
  const [first, last] = [front[0], front.at(-1)];
  if (first === undefined || last === undefined || front.length < 3) return undefined;
  const [width, height] = [last.x - first.x, first.y - last.y];
  let knee: Point | undefined;
  let furthest = 0;
  for (const point of front) {
    const below = 1 - (point.x - first.x) / width - (point.y - last.y) / height;
    if (below > furthest) [knee, furthest] = [point, below];
  }
  return knee;
}

/** At most `count` points of a front, its ends and `kept` among them, spread evenly. */
export function thinned<Point extends PlanePoint>(
  front: readonly Point[],
  count: number,
  kept: readonly (Point | undefined)[] = [],
): readonly Point[] {
  if (front.length <= count) return front;
  const chosen = new Set(
    Array.from({ length: count }, (_, i) => Math.round((i * (front.length - 1)) / (count - 1))),
  );
  return front.filter((point, i) => chosen.has(i) || kept.includes(point));
}
