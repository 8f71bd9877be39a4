/** The kernel for an application in ring 3, reached through the table of system calls. */
export { kernelMain, interrupt, runThread } from './entry'
export * from '../api/gen/trap'
