import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePython } from '../src/setup/python';
import { lockedPackages } from './locked-python';

/**
 * `npm run sbom`: what users install, as a CycloneDX bill of materials (sbom/tutelage.cdx.json) and a list of licences
 * (sbom/licences.csv). npm describes its own packages; the Python ones come from the locks, their licences from the
 * environment that set-up made. A package for another system than this one is listed with "not installed here".
 */
interface Component {
  readonly type: 'library';
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly { readonly license?: { readonly id?: string; readonly name?: string } }[];
  readonly externalReferences?: readonly object[];
}

interface BillOfMaterials {
  readonly metadata: { readonly component: { name: string; readonly 'bom-ref': string } };
  readonly components: readonly (Component & {
    readonly 'bom-ref': string;
    readonly properties?: readonly { readonly name: string }[];
  })[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const root = join(__dirname, '..');

async function main(): Promise<void> {
  const bom = npmPackages();
  const { python } = await ensurePython({ onProgress: (message) => process.stderr.write(`${message}\n`) });
  const licences = installedLicences(python);
  const ofPython = lockedPackages(root).map(({ name, version, sha256 }): Component => {
    const licence = licences.get(`${name.toLowerCase()} ${version}`);
    return {
      type: 'library',
      name,
      version,
      purl: `pkg:pypi/${name.toLowerCase()}@${version}`,
      ...(licence === undefined ? {} : { licenses: [{ license: { name: licence } }] }),
      externalReferences: [
        {
          type: 'distribution',
          url: `https://pypi.org/project/${name}/${version.split('+')[0]}/`,
          hashes: sha256.map((content) => ({ alg: 'SHA-256', content })),
        },
      ],
    };
  });
  bom.metadata.component.name = 'tutelage';
  const components = [...bom.components, ...ofPython];
  const folder = join(root, 'sbom');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tutelage.cdx.json'), `${JSON.stringify({ ...bom, components }, null, 2)}\n`);
  writeFileSync(join(folder, 'licences.csv'), licenceList(components));
  process.stdout.write(
    `sbom/tutelage.cdx.json: ${bom.components.length} npm and ${ofPython.length} Python packages\nsbom/licences.csv\n`,
  );
}

/**
 * What the lock says that users install. npm's own `--omit dev` also leaves out what a development package depends on too,
 * such as the Temporal SDK.
 */
function npmPackages(): BillOfMaterials {
  const all = JSON.parse(
    execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    }),
  ) as BillOfMaterials;
  const components = all.components.filter(
    ({ properties = [] }) => !properties.some(({ name }) => name === 'cdx:npm:package:development'),
  );
  const kept = new Set([all.metadata.component, ...components].map((component) => component['bom-ref']));
  const dependencies = all.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => kept.has(other)) }));
  return { ...all, components, dependencies };
}

/** `name version` -> licence, of what is installed in the engine's environment. */
function installedLicences(python: string): Map<string, string> {
  const script = `
import importlib.metadata as metadata, json
found = {}
for package in metadata.distributions():
    about = package.metadata
    classifiers = [text.split(" :: ")[-1] for text in about.get_all("Classifier") or [] if text.startswith("License ::")]
    text = about.get("License-Expression") or (classifiers or [None])[0] or (about.get("License") or "").split("\\n")[0]
    found[f'{about["Name"].lower()} {package.version}'] = text or "not stated"
print(json.dumps(found))
`;
  return new Map(Object.entries(JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8' })) as object));
}

function licenceList(components: readonly Component[]): string {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = components.map(({ name, version, purl, licenses }) => {
    const told = licenses?.map(({ license }) => license?.id ?? license?.name ?? '').filter((text) => text !== '');
    const absent = purl.startsWith('pkg:pypi') ? 'not installed here' : 'not stated';
    return [name, version, purl.slice(4).split('/')[0] ?? '', told?.join(' AND ') || absent].map(cell).join(',');
  });
  return ['name,version,registry,licence', ...rows, ''].join('\n');
}

void main();
