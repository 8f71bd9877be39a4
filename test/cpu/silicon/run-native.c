/*
 * Runs single instructions, or a few in a row, on the processor of this machine. Standard input: 4096 bytes that the data page holds before every case,
 * then cases (struct in + u32 length + 64 code bytes + u32 for 32-bit code); standard output: one struct out and the data page for each. The code, data and state
 * pages have fixed addresses below 2 GiB, which the emulated processor uses too, so that registers may hold pointers.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define CODE 0x100000u
#define EPILOGUE (CODE + 0x400)
#define INSTRUCTION (CODE + 0x800)
#define DATA 0x200000u
#define STATE 0x300000u

struct registers {
  uint64_t gpr[16];
  uint64_t rflags;
  uint32_t mxcsr;
  uint32_t signal;
  uint8_t xmm[16][16];
  /* Bits 128 to 255 of the vector registers; zeros without AVX. */
  uint8_t upper[16][16];
};
#define IN ((struct registers *)STATE)
#define OUT ((struct registers *)(STATE + 0x400))
#define SAVED (STATE + 0x800)
/* Far pointer to the instruction. */
#define TARGET (STATE + 0x900)
/* Selectors that Linux gives every process. */
#define USER_CODE64 0x33
#define USER_CODE32 0x23
#define USER_DATA 0x2b

static uint8_t *at;
static uint32_t restore;
static int avx;

static void byte(int b) { *at++ = (uint8_t)b; }
static void dword(uint32_t d) { memcpy(at, &d, 4), at += 4; }

/* mov r64, [abs32] (8b) or mov [abs32], r64 (89) */
static void move(int opcode, int reg, uint32_t address) {
  byte(0x48 | (reg >= 8 ? 4 : 0)), byte(opcode), byte(0x04 | (reg & 7) << 3), byte(0x25), dword(address);
}

/* movdqu xmm, [abs32] (6f) or the reverse (7f) */
static void move_vector(int opcode, int reg, uint32_t address) {
  byte(0xf3), byte(0x40 | (reg >= 8 ? 4 : 0)), byte(0x0f), byte(opcode), byte(0x04 | (reg & 7) << 3), byte(0x25);
  dword(address);
}

/* vinsertf128 ymm, ymm, [abs32], 1 (18) or vextractf128 [abs32], ymm, 1 (19) */
static void move_upper(int opcode, int reg, uint32_t address) {
  int source = opcode == 0x18 ? ~reg & 15 : 15;
  byte(0xc4), byte(0x63 | (reg >= 8 ? 0 : 0x80)), byte(source << 3 | 5), byte(opcode), byte(0x04 | (reg & 7) << 3);
  byte(0x25), dword(address), byte(1);
}

/* ldmxcsr (2) or stmxcsr (3) */
static void mxcsr(int digit, uint32_t address) {
  byte(0x0f), byte(0xae), byte(0x04 | digit << 3), byte(0x25), dword(address);
}

static void set_rsp(uint32_t value) { byte(0x48), byte(0xc7), byte(0xc4), dword(value); }
static void jump(uint32_t target) { byte(0xe9), dword(target - (uint32_t)(uintptr_t)(at + 4)); }

static const int saved[] = {3, 4, 5, 12, 13, 14, 15};

static void build(void) {
  at = (uint8_t *)CODE;
  for (int i = 0; i < 7; i++) move(0x89, saved[i], SAVED + 8 * i);
  for (int i = 0; i < 16; i++) move_vector(0x6f, i, (uint32_t)(uintptr_t)IN->xmm[i]);
  for (int i = 0; avx && i < 16; i++) move_upper(0x18, i, (uint32_t)(uintptr_t)IN->upper[i]);
  mxcsr(2, (uint32_t)(uintptr_t)&IN->mxcsr);
  set_rsp((uint32_t)(uintptr_t)&IN->rflags), byte(0x9d);
  for (int i = 0; i < 16; i++) move(0x8b, i, (uint32_t)(uintptr_t)&IN->gpr[i]);
  /* jmp far [abs32]: to 64-bit or 32-bit code */
  byte(0xff), byte(0x2c), byte(0x25), dword(TARGET);
  at = (uint8_t *)EPILOGUE;
  for (int i = 0; i < 16; i++) move(0x89, i, (uint32_t)(uintptr_t)&OUT->gpr[i]);
  set_rsp((uint32_t)(uintptr_t)&OUT->rflags + 8), byte(0x9c);
  for (int i = 0; avx && i < 16; i++) move_upper(0x19, i, (uint32_t)(uintptr_t)OUT->upper[i]);
  for (int i = 0; i < 16; i++) move_vector(0x7f, i, (uint32_t)(uintptr_t)OUT->xmm[i]);
  mxcsr(3, (uint32_t)(uintptr_t)&OUT->mxcsr);
  restore = (uint32_t)(uintptr_t)at;
  byte(0xfc);
  for (int i = 0; i < 7; i++) move(0x8b, saved[i], SAVED + 8 * i);
  byte(0xc3);
}

static void on_signal(int number, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  static const int order[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                              REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  (void)info;
  for (int i = 0; i < 16; i++) OUT->gpr[i] = (uint64_t)uc->uc_mcontext.gregs[order[i]];
  OUT->rflags = (uint64_t)uc->uc_mcontext.gregs[REG_EFL];
  OUT->mxcsr = uc->uc_mcontext.fpregs->mxcsr;
  memcpy(OUT->xmm, uc->uc_mcontext.fpregs->_xmm, 256);
  /* The frame holds an XSAVE area in the standard format: header at 512, YMM at 576. */
  const uint8_t *area = (const uint8_t *)uc->uc_mcontext.fpregs;
  if (avx && area[512] & 4) memcpy(OUT->upper, area + 576, 256);
  OUT->signal = (uint32_t)number;
  uc->uc_mcontext.gregs[REG_RIP] = restore;
  uc->uc_mcontext.gregs[REG_CSGSFS] = (uc->uc_mcontext.gregs[REG_CSGSFS] & ~0xffffll) | USER_CODE64;
}

static void *fixed(uint32_t address, int protection) {
  void *p = mmap((void *)(uintptr_t)address, 0x1000, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (p != (void *)(uintptr_t)address) perror("mmap"), exit(3);
  return p;
}

int main(void) {
  static uint8_t initial[4096], stack[65536];
  struct {
    struct registers in;
    uint32_t length;
    uint8_t code[64];
    uint32_t compatibility;
  } test;
  fixed(CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
  fixed(DATA, PROT_READ | PROT_WRITE);
  fixed(STATE, PROT_READ | PROT_WRITE);
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  int signals[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGTRAP};
  for (int i = 0; i < 5; i++) sigaction(signals[i], &action, NULL);
  avx = __builtin_cpu_supports("avx");
  build();
  /* Null in 64-bit code; 32-bit code needs them. */
  __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "r"(USER_DATA));
  if (fread(initial, sizeof initial, 1, stdin) != 1) return 2;
  while (fread(&test, sizeof test, 1, stdin) == 1) {
    memcpy((void *)DATA, initial, sizeof initial);
    memcpy(IN, &test.in, sizeof test.in);
    memset(OUT, 0, sizeof *OUT);
    at = (uint8_t *)INSTRUCTION;
    memcpy(at, test.code, test.length), at += test.length;
    *(uint32_t *)TARGET = INSTRUCTION;
    *(uint16_t *)(TARGET + 4) = test.compatibility ? USER_CODE32 : USER_CODE64;
    if (test.compatibility) byte(0xea), dword(EPILOGUE), byte(USER_CODE64), byte(0);
    else jump(EPILOGUE);
    ((void (*)(void))CODE)();
    fwrite(OUT, sizeof *OUT, 1, stdout);
    fwrite((void *)DATA, 4096, 1, stdout);
  }
  return 0;
}
