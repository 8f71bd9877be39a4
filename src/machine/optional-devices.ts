/** Devices that a PC does not have by itself. `pc-testdev`: QEMU's device for kvm-unit-tests (`devices/platform/test-device.ts`). */
export const OPTIONAL_DEVICES = ['pc-testdev'] as const
export type OptionalDevice = (typeof OPTIONAL_DEVICES)[number]
