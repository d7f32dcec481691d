export { type OfflineTeacher, startOfflineTeacher } from './server';
