import { existsSync } from 'node:fs';
import { packageFile, packageVersion, shownPackageFile } from './package-files';

it('a file of the package is shown relative to the working directory, or whole where it is elsewhere', () => {
  expect(existsSync(packageFile('config/quickstart.yaml'))).toBe(true);
  expect(shownPackageFile('config/quickstart.yaml')).toBe('config/quickstart.yaml');
  jest.spyOn(process, 'cwd').mockReturnValue('/somewhere/else');
  expect(shownPackageFile('config/quickstart.yaml')).toBe(packageFile('config/quickstart.yaml'));
});

it('the version is that of package.json', () => {
  expect(packageVersion()).toMatch(/^\d+\.\d+\.\d+/);
});
