/** The runtime of a kernel and an application that are one program: one heap, the kernel's. */
export * from './kernel'
