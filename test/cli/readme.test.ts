import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/demo.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

describe('README.md', () => {
  it("shows the demo's output as it is", () => {
    const demo = readFileSync(join(ROOT, 'images', 'golden', 'demo.txt'), 'utf8');
    expect(readme).toContain(demo.trim());
  });

  it('has a row for every layer', () => {
    const layers = readdirSync(join(ROOT, 'src'), { withFileTypes: true });
    for (const { name: layer } of layers.filter((entry) => entry.isDirectory()))
      expect(readme).toMatch(new RegExp(`^\\| \`${layer}\` +\\|`, 'm'));
  });

  it('names scripts that exist, and leaves no blank to fill', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    const named = [...readme.matchAll(/npm run ([a-z:]+)/g)].map(([, name]) => name ?? '');
    expect(named.length).toBeGreaterThan(2);
    for (const name of named) expect(scripts).toHaveProperty([name]);
    expect(readme).not.toContain('@@');
  });
});
