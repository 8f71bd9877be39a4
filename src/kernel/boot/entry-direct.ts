/** The kernel for an application in its own ring, reached by plain calls. */
export { kernelMain, interrupt, runThread } from './entry'
export * from '../api/gen/direct'
