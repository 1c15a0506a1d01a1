/**
 * `axfs check`: every rule of the format, on the whole image, in one run.
 *
 * @module
 */
import type { Command } from 'commander';
import { checkImage } from '../fs/check.ts';
import type { CheckResult, Verdict } from '../fs/check.ts';
import { FINDINGS_PER_RULE, RULES } from '../fs/check-rules.ts';
import type { Finding } from '../fs/check-rules.ts';
import type { Host } from '../host/host.ts';
import { EXIT, ExitWith } from './exit.ts';
import { SECOND_DEVICE, withImageDevices } from './image-file.ts';
import type { SecondOption } from './image-file.ts';

/** How the command ends, by what was found. */
const VERDICT_CODES: Readonly<Record<Verdict, number>> = { clean: 0, damaged: 1, unmountable: 2 };

const HELP = `
Goes on behind damage, and prints the first ${String(FINDINGS_PER_RULE)} findings of each rule. Warnings (unusual, but
readable here) do not make an image damaged. A digest is verified where there is one.

Exit codes of this command:
  ${String(VERDICT_CODES.clean)}   clean
  ${String(VERDICT_CODES.damaged)}   damaged, but readable in part
  ${String(VERDICT_CODES.unmountable)}   not mountable
  ${String(EXIT.failed)}   a file cannot be read
  ${String(EXIT.usage)}  the command line is at fault

Rules:
${RULES.map(({ id, severity, sentence }) => `  ${id.padEnd(16)}${severity.padEnd(9)}${sentence}`).join('\n')}
`;

/** `axfs check`. */
export function addCheck(program: Command, host: Host): void {
  program
    .command('check')
    .description('Checks an image against every rule of the format.')
    .argument('<image>', 'image file')
    .option(...SECOND_DEVICE)
    .option('--json', 'as JSON')
    .addHelpText('after', HELP)
    .action(async (image: string, options: SecondOption & { json?: true }) => {
      const result = await withImageDevices(host, { ...options, image }, ({ device, ...rest }) =>
        checkImage(device, {
          ...rest,
          inflater: host.makeInflater(),
          inflaterFor: (codec) => host.makeInflater(codec),
          sha1: () => host.hash('sha1'),
        }),
      );
      host.terminal.out(
        options.json === true ? `${JSON.stringify(result, null, 2)}\n` : checkText(result),
      );
      const code = VERDICT_CODES[result.verdict];
      if (code !== EXIT.ok) throw new ExitWith(code);
    });
}

const placeText = ({ region, index }: Finding): string =>
  index === null ? region : `${region} ${String(index)}`;

const VERDICT_TEXTS: Readonly<Record<Verdict, string>> = {
  clean: 'clean',
  damaged: 'damaged, but readable in part',
  unmountable: 'not mountable',
};

/** The result for people: a line a finding, what was not printed, and the verdict. */
export function checkText(result: CheckResult): string {
  const sentences = new Map<string, string>(RULES.map(({ id, sentence }) => [id, sentence]));
  const found = result.findings.map(
    (finding) =>
      `${finding.severity}: ${finding.rule}: ${placeText(finding)}: ${String(finding.value)}, expected ${String(finding.expected)} (${sentences.get(finding.rule) ?? ''})`,
  );
  const more = Object.entries(result.counts)
    .filter(([, count]) => count > FINDINGS_PER_RULE)
    .map(([rule, count]) => `${rule}: ${String(count - FINDINGS_PER_RULE)} more findings`);
  const facts = [
    VERDICT_TEXTS[result.verdict],
    ...(result.digest === 'none' ? [] : [`digest ${result.digest}`]),
    ...(result.second === null
      ? []
      : [`second device taken as ${result.second === 'tail' ? 'the part' : 'a whole image'}`]),
  ];
  return [...found, ...more, `${result.image}: ${facts.join(', ')}`, ''].join('\n');
}
