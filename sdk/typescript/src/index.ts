export * from './api.ts';
export { Problem, type Options } from './core.ts';
