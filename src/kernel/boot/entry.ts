/** What the entry code calls by name, in every link mode. */
export { kernelMain } from './main'
export { interrupt } from '../trap/interrupt'
export { runThread } from '../task/threads'
