/*
 * The ways into a kernel besides an ordinary system call, one child each: what the signal handler is told, or what the call returned. A processor, a kernel, a way of
 * delivering events: all must print the same lines. Addresses are relative to the instruction, so that random layouts do not show.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

/* Where the interesting instruction stands; what is reported is relative to it. */
static volatile unsigned long here;
#define AT_HERE "lea 1f(%%rip), %%rax\n mov %%rax, %0\n 1: "
#define CLOBBERS "rax", "rcx", "rdx", "r11", "memory", "cc"

#define TF 0x100ul
#define AC 0x40000ul

/* Single steps, and those of them that were told directly behind SYSCALL or INT 80h. */
static volatile int steps, behind;

static long distance(unsigned long address) {
  long d = address - here;
  return d > -4096 && d < 4096 ? d : 4096;
}

static void on_signal(int number, siginfo_t *info, void *context) {
  greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
  if (number == SIGTRAP && regs[REG_EFL] & TF) {
    behind += *(unsigned short *)(regs[REG_RIP] - 2) == 0x050f || *(unsigned short *)(regs[REG_RIP] - 2) == 0x80cd;
    if (++steps < 40) return;
  }
  printf("signal %d code %d trap %lld error %llx rip %+ld cr2 %+ld flags %llx", number, info->si_code, regs[REG_TRAPNO], regs[REG_ERR], distance(regs[REG_RIP]),
    regs[REG_TRAPNO] == 14 ? distance(regs[REG_CR2]) : 0, regs[REG_EFL] & (TF | AC | 0x10400));
  if (steps > 0) printf(" steps %d, %d behind the system call", steps, behind);
  printf("\n");
  fflush(stdout);
  _exit(0);
}

#define TRAP(name, code) \
  static void name(void) { asm volatile(AT_HERE code : "=m"(here) : : CLOBBERS); }

TRAP(divide, "xor %%edx, %%edx\n xor %%ecx, %%ecx\n div %%ecx")
TRAP(breakpoint, "int3")
TRAP(int_3, ".byte 0xcd, 3")
TRAP(int_4, "int $4")
TRAP(int_1, ".byte 0xf1")
TRAP(undefined, "ud2")
TRAP(int_13, "int $13")
TRAP(int_14, "int $14")
TRAP(int_0x81, "int $0x81")
TRAP(int_2, "int $2")
TRAP(halt, "hlt")
TRAP(port, "in $0x60, %%al")
TRAP(no_canonical, "mov $0x8000000000000000, %%rdx\n mov (%%rdx), %%eax")
TRAP(no_canonical_stack, "mov %%rsp, %%rcx\n mov $0x8000000000000000, %%rsp\n pushq $0")
TRAP(no_canonical_jump, "mov $0x8000000000000000, %%rdx\n jmp *%%rdx")
TRAP(segment, "mov $0x1237, %%edx\n mov %%edx, %%fs")
TRAP(null_segment_ss, "xor %%edx, %%edx\n mov %%edx, %%ss")
TRAP(alignment, "pushf\n orl $0x40000, (%%rsp)\n popf\n mov 1(%%rsp), %%eax")
TRAP(x87, "fninit\n pushq $0x37b\n fldcw (%%rsp)\n fld1\n fldz\n fdivrp\n fwait")
TRAP(simd, "pushq $0x1d80\n ldmxcsr (%%rsp)\n mov $1, %%eax\n cvtsi2ss %%eax, %%xmm0\n xorps %%xmm1, %%xmm1\n divss %%xmm1, %%xmm0")
TRAP(single_step, "pushf\n orl $0x100, (%%rsp)\n popf\n 2: inc %%rax\n jmp 2b")
TRAP(step_syscall, "pushf\n orl $0x100, (%%rsp)\n popf\n 2: mov $39, %%eax\n syscall\n jmp 2b")
TRAP(step_int80, "pushf\n orl $0x100, (%%rsp)\n popf\n 2: mov $20, %%eax\n int $0x80\n jmp 2b")
TRAP(step_int3, "pushf\n orl $0x100, (%%rsp)\n popf\n int3")
TRAP(step_shadow, "mov %%ss, %%edx\n pushf\n orl $0x100, (%%rsp)\n popf\n 2: mov %%edx, %%ss\n nop\n jmp 2b")
TRAP(shadow_int3, "mov %%ss, %%edx\n mov %%edx, %%ss\n int3")
TRAP(shadow_syscall, "mov %%ss, %%edx\n mov $0x77777, %%eax\n mov %%edx, %%ss\n syscall\n ud2")
TRAP(read_null, "xor %%edx, %%edx\n mov (%%rdx), %%eax")
TRAP(write_code, "lea 1b(%%rip), %%rdx\n movl $0, (%%rdx)")
TRAP(run_stack, "pushq $0xc3\n jmp *%%rsp")
TRAP(far_null, "pushq $0\n pushq $0\n lretq")
TRAP(iret_ring_0, "mov %%rsp, %%rdx\n pushq $0x18\n push %%rdx\n pushf\n pushq $0x10\n lea 3f(%%rip), %%rdx\n push %%rdx\n iretq\n 3: nop")

static void int_80(void) {
  long result;
  asm volatile("mov $20, %%eax\n int $0x80" : "=a"(result) : : "r8", "r9", "r10", "r11", "memory");
  printf("int 0x80 gives the process: %d\n", result == getpid());
}

static void unknown_call(void) { printf("%ld\n", syscall(0x7777)); }

/* Faults inside the kernel that it mends. */
static void bad_buffers(void) {
  char *pages = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(pages + 4096, 4096);
  int ends[2];
  if (pipe(ends)) return;
  for (int i = 0; i < 200; i++) {
    long written = write(ends[1], pages + 4096 - 10, 20);
    char in[20];
    if (written > 0) written = read(ends[0], in, written);
    if (i == 0) printf("across: %ld %d\n", written, written < 0 ? errno : 0);
  }
  static const unsigned long nowhere[] = {16, 0xffffffff81000000, 0x8000000000000000};
  for (int i = 0; i < 3; i++) printf("%lx: %ld %d\n", nowhere[i], syscall(SYS_write, ends[1], nowhere[i], 1), errno);
}

/* The debugger's single step through system calls, and a hardware breakpoint. */
static void debugger(void) {
  int child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME);
    raise(SIGSTOP);
    for (int i = 0; i < 20; i++) syscall(SYS_getppid);
    here = 1;
    _exit(7);
  }
  int status;
  waitpid(child, &status, 0);
  int stops = 0;
  for (; stops < 2000; stops++) {
    ptrace(PTRACE_SINGLESTEP, child, 0, 0);
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) break;
    if (stops == 300) {
      ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[0]), &here);
      ptrace(PTRACE_POKEUSER, child, offsetof(struct user, u_debugreg[7]), 0xd0001);
      break;
    }
  }
  ptrace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  siginfo_t info = {0};
  ptrace(PTRACE_GETSIGINFO, child, 0, &info);
  unsigned long dr6 = ptrace(PTRACE_PEEKUSER, child, offsetof(struct user, u_debugreg[6]), 0);
  printf("steps %d, then status %x code %d DR6 %lx", stops, status, info.si_code, dr6);
  ptrace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  printf(", end %x\n", status);
}

/* Timer interrupts, signals and page faults into one loop: the sum must be right. */
static volatile long alarms;
static void on_alarm(int number) { (void)number; alarms++; }
static void storm(void) {
  signal(SIGALRM, on_alarm);
  ualarm(2000, 2000);
  unsigned long sum = 0;
  for (int round = 0; alarms < 100 && round < 100000; round++) {
    unsigned char *p = mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long part = 0;
    for (int i = 0; i < 1 << 16; i += 512) p[i] = (unsigned char)(i >> 9);
    for (int i = 0; i < 1 << 16; i += 512) part += p[i];
    if (part != 127 * 64) sum++;
    munmap(p, 1 << 16);
  }
  printf("wrong sums: %lu, alarms: %d\n", sum, alarms >= 100);
}

static const struct { const char *name; void (*run)(void); } all[] = {
#define T(name) {#name, name}
  T(divide), T(breakpoint), T(int_3), T(int_4), T(int_1), T(int_2), T(undefined), T(int_13), T(int_14), T(int_0x81), T(halt), T(port),
  T(no_canonical), T(no_canonical_stack), T(no_canonical_jump), T(segment), T(null_segment_ss), T(alignment), T(x87), T(simd), T(single_step), T(step_syscall), T(step_int80),
  T(step_int3), T(step_shadow), T(shadow_int3), T(shadow_syscall), T(read_null), T(write_code), T(run_stack), T(far_null), T(iret_ring_0),
  T(int_80), T(unknown_call), T(bad_buffers), T(debugger), T(storm),
};

int main(void) {
  for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
    printf("%-20s", all[i].name);
    fflush(stdout);
    int child = fork();
    if (child == 0) {
      static char stack[65536];
      stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
      sigaltstack(&other, 0);
      struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
      const int signals[] = {SIGSEGV, SIGILL, SIGFPE, SIGTRAP, SIGBUS};
      for (unsigned s = 0; s < sizeof signals / sizeof *signals; s++) sigaction(signals[s], &action, 0);
      all[i].run();
      fflush(stdout);
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    if (status) printf("ended with status %x\n", status);
  }
}
