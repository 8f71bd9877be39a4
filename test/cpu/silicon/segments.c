/*
 * Runs short pieces of 16- and 32-bit code in segments of a local descriptor table. Standard input: u32 descriptors, each {base, limit, flags} with the flags of
 * struct user_desc, then cases (struct in); standard output: for each the struct out and a checksum of the data region. Each case ends with a signal, INT3 if nothing else.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x100000
#define CODE_SIZE 0x2000
#define DATA 0x200000
#define DATA_SIZE 0x20000
#define STATE 0x300000
#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* At STATE. gpr: EAX ECX EDX EBX ESP EBP ESI EDI. */
struct in {
  uint32_t gpr[8];
  uint32_t ds, es, ss, gs;
  uint32_t eip, cs; /* a far pointer */
  uint32_t place, length, eflags;
  uint8_t code[32];
};
struct out {
  uint32_t vector, error, eip;
  uint32_t gpr[8];
};

void enter(void);
/* clang-format off */
__asm__(
  ".text\n enter:\n"
  "movl " STRING(STATE) "+32, %eax\n mov %ax, %ds\n"
  "movl " STRING(STATE) "+36, %eax\n mov %ax, %es\n"
  "movl " STRING(STATE) "+44, %eax\n mov %ax, %gs\n"
  "movl " STRING(STATE) "+4, %ecx\n"
  "movl " STRING(STATE) "+8, %edx\n"
  "movl " STRING(STATE) "+12, %ebx\n"
  "movl " STRING(STATE) "+20, %ebp\n"
  "movl " STRING(STATE) "+24, %esi\n"
  "movl " STRING(STATE) "+28, %edi\n"
  "fninit\n xorps %xmm0, %xmm0\n"
  "movl " STRING(STATE) "+64, %eax\n push %rax\n popfq\n"
  "movl " STRING(STATE) "+40, %eax\n mov %ax, %ss\n"
  "movl " STRING(STATE) "+16, %esp\n"
  "movl " STRING(STATE) "+0, %eax\n"
  "ljmpl *" STRING(STATE) "+48\n");
/* clang-format on */

static sigjmp_buf back;
static struct out out;

static void caught(int number, siginfo_t *info, void *context) {
  /* The handler's own code may not be checked for alignment. */
  __asm__ volatile("pushfq\n andl $~0x40000, (%rsp)\n popfq");
  static const int order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI};
  const greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  (void)number, (void)info;
  out.vector = (uint32_t)registers[REG_TRAPNO];
  out.error = (uint32_t)registers[REG_ERR];
  out.eip = (uint32_t)registers[REG_RIP];
  for (int i = 0; i < 8; i++) out.gpr[i] = (uint32_t)registers[order[i]];
  siglongjmp(back, 1);
}

static void *map(uintptr_t address, size_t size) {
  void *at = mmap((void *)address, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (at == MAP_FAILED) perror("mmap"), exit(1);
  return at;
}

int main(void) {
  static uint8_t stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = caught, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  const int signals[] = {SIGSEGV, SIGBUS, SIGTRAP, SIGILL, SIGFPE};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);
  uint8_t *code = map(CODE, CODE_SIZE);
  uint8_t *data = map(DATA, DATA_SIZE);
  struct in *in = map(STATE, 4096);

  uint32_t count, descriptor[3];
  if (fread(&count, sizeof count, 1, stdin) != 1) return 1;
  for (uint32_t i = 0; i < count; i++) {
    if (fread(descriptor, sizeof descriptor, 1, stdin) != 1) return 1;
    struct user_desc entry = {.entry_number = i, .base_addr = descriptor[0], .limit = descriptor[1]};
    entry.seg_32bit = descriptor[2] & 1;
    entry.contents = descriptor[2] >> 1 & 3;
    entry.read_exec_only = descriptor[2] >> 3 & 1;
    entry.limit_in_pages = descriptor[2] >> 4 & 1;
    if (syscall(SYS_modify_ldt, 1, &entry, sizeof entry)) return 77;
  }
  while (fread(in, sizeof *in, 1, stdin) == 1) {
    memset(code, 0xcc, CODE_SIZE);
    memcpy(code + in->place, in->code, in->length);
    for (uint32_t i = 0; i < DATA_SIZE; i++) data[i] = (uint8_t)(i * 7 + (i >> 8));
    if (!sigsetjmp(back, 1)) enter();
    fwrite(&out, sizeof out, 1, stdout);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < DATA_SIZE; i++) sum = sum * 31 + data[i];
    fwrite(&sum, sizeof sum, 1, stdout);
  }
  return 0;
}
