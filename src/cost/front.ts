/**
 * Pareto fronts: of many designs those that no other beats in two figures at once.
 *
 * @module
 */

/** A point in two figures, both better when smaller. */
export interface PlanePoint {
  readonly x: number;
  readonly y: number;
}

/** Points that no other beats, ascending in `x` and descending in `y`. */
export function frontOf<Point extends PlanePoint>(points: readonly Point[]): readonly Point[] {
  const sorted = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  const front: Point[] = [];
  for (const point of sorted) if (point.y < (front.at(-1)?.y ?? Infinity)) front.push(point);
  return front;
}
