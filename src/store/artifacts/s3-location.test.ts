import { s3LocationOf } from './s3-location';

const gib = 1024 ** 3;

test.each<[NodeJS.ProcessEnv, ReturnType<typeof s3LocationOf>]>([
  [{}, null],
  [{ TUTELAGE_ARTIFACTS: '' }, null],
  [{ TUTELAGE_ARTIFACTS: 's3://lab' }, { bucket: 'lab', prefix: '', cacheBytesMax: 20 * gib }],
  [{ TUTELAGE_ARTIFACTS: 's3://lab/' }, { bucket: 'lab', prefix: '', cacheBytesMax: 20 * gib }],
  [{ TUTELAGE_ARTIFACTS: 's3://my.lab/a/b_c/' }, { bucket: 'my.lab', prefix: 'a/b_c/', cacheBytesMax: 20 * gib }],
  [
    { TUTELAGE_ARTIFACTS: 's3://lab/x', TUTELAGE_CACHE_GIB: '0.5' },
    { bucket: 'lab', prefix: 'x/', cacheBytesMax: gib / 2 },
  ],
])('%j', (environment, location) => {
  expect(s3LocationOf(environment)).toEqual(location);
});

test.each<[NodeJS.ProcessEnv, string]>([
  [{ TUTELAGE_ARTIFACTS: '/mnt/artifacts' }, 'TUTELAGE_ARTIFACTS is not of the form s3://bucket/prefix'],
  [{ TUTELAGE_ARTIFACTS: 's3://Lab' }, 'TUTELAGE_ARTIFACTS is not of the form s3://bucket/prefix'],
  [{ TUTELAGE_ARTIFACTS: 's3://key:secret@lab' }, 'TUTELAGE_ARTIFACTS is not of the form s3://bucket/prefix'],
  [{ TUTELAGE_ARTIFACTS: 's3://lab/a/../b' }, 'TUTELAGE_ARTIFACTS is not of the form s3://bucket/prefix'],
  [{ TUTELAGE_ARTIFACTS: 's3://lab', TUTELAGE_CACHE_GIB: 'much' }, 'TUTELAGE_CACHE_GIB is much'],
  [{ TUTELAGE_ARTIFACTS: 's3://lab', TUTELAGE_CACHE_GIB: '0' }, 'TUTELAGE_CACHE_GIB is 0'],
])('%j is refused, with what to do', (environment, message) => {
  expect(() => s3LocationOf(environment)).toThrow(
    expect.objectContaining({ kind: 'usage', message, hint: expect.any(String) }),
  );
});
