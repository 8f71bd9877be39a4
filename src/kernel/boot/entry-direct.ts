/** The kernel for an application that calls its functions as they are. */
export { kernelMain, interrupt, runThread } from './entry'
export * from '../api/gen/direct'
