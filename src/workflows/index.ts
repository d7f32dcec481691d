export { experiment } from './experiment';
export { iteration } from './iteration';
export { run } from './run';
