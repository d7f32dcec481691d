import * as fc from 'fast-check';
import { hubDataOf, hubFolder } from './hub-data';

describe('a path on the Hugging Face hub', () => {
  it.each([
    ['hf://datasets/acme/sums', { repository: 'acme/sums', revision: 'main', path: '' }],
    [
      'hf://datasets/acme/sums@v1.2/data/*.parquet',
      { repository: 'acme/sums', revision: 'v1.2', path: 'data/*.parquet' },
    ],
    ['hf://datasets/acme/sums/data/', { repository: 'acme/sums', revision: 'main', path: 'data' }],
    ['hf://models/acme/sums', null],
    ['hf://datasets/acme', null],
    ['hf://datasets/acme/sums/../../secret', null],
    ['hf://datasets/../sums', null],
  ])('%p is read as %p', (path, data) => {
    expect(hubDataOf(path)).toEqual(data);
  });

  it('never leads out of the folder of data sets, whatever it says', () => {
    void fc.assert(
      fc.property(fc.string(), fc.string(), (name, inside) => {
        const data = hubDataOf(`hf://datasets/acme/${name}/${inside}`);
        expect(data === null ? '/w/hub/' : hubFolder('/w', data)).toMatch(/^\/w\/hub\/[\w.-]*$/);
      }),
    );
  });
});
