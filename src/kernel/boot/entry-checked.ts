/** The kernel for an application whose buffers are checked and copied, whatever its ring: every link mode but `direct` and `lto`. */
export { kernelMain, interrupt, runThread } from './entry'
export * from '../api/gen/checked'
