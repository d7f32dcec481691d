import { createLogUpdate } from 'log-update';
import { rawStderr, terminalSafe } from './terminal-safe';

const view = createLogUpdate(rawStderr);

/** A view on stderr that redraws itself, with texts that are made safe. */
export const liveTerminal = Object.assign((text: string) => view(terminalSafe(text)), { done: () => view.done() });
