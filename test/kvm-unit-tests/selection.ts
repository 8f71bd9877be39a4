/** Which tests are for another kind of machine, and why. Everything else must pass. */
import type { UnitTest } from './suite.ts'

const reasons: readonly { readonly of: RegExp; readonly why: string }[] = [
  { of: /^(vmx|ept|svm)/, why: 'virtual machine extensions' },
  { of: /^pmu/, why: 'performance counters' },
  { of: /^hyperv_/, why: 'Hyper-V' },
  { of: /^vmware_backdoors$/, why: 'vmware' },
  { of: /^(asyncpf|hypercall|kvmclock_test|vmexit_vmcall)$/, why: 'KVM paravirtual' },
  { of: /_fep$|^access_fep$/, why: "KVM's forced emulation" },
  { of: /^access-reduced-maxphyaddr$/, why: 'a parameter of the KVM module' },
  { of: /^intel_iommu$/, why: 'IOMMU and the edu device' },
  { of: /^(smptest|smptest3|vmexit_ipi|vmexit_ipi_halt)$/, why: 'several processors' },
]

/** Why a test does not count here, or null. */
export function exclusion(test: UnitTest): string | null {
  if (test.groups.includes('nodefault')) return 'not run by default'
  return reasons.find(({ of }) => of.test(test.name))?.why ?? null
}
