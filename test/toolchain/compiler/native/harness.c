// Runs machine code on this processor for the compiler's tests: reads commands from standard input, maps images at the
// addresses that they name, calls functions, and writes what happened to standard output.
//   'M' address:u64 size:u64 count:u64 bytes   map size bytes, readable, writable, executable; then fill
//   'W' address:u64 count:u64 bytes            write memory
//   'R' address:u64 count:u64                  read memory           → bytes
//   'U' address:u64 size:u64                   unmap
//   'P' address:u64                            the word there is the size of the memory at 0 in pages: map it on demand
//   'C' function:u64 call:Call                 call                  → status:u8 signal:u8 call:Call
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct call {
  uint64_t integers[16];     // in: RDI RSI RDX RCX R8 R9; out: RAX RDX RCX RSI RDI R8 R9 R10 R11
  uint64_t vectors[8][2];    // XMM0 ... XMM7
  uint64_t stack[32];        // stack arguments and results
};

uint64_t run(uint64_t function, struct call *call);

// Calls `function` with the state in `call`. Returns 0, or 1 if a callee-saved register was changed.
asm(".intel_syntax noprefix\n"
    ".text\n"
    "run:\n"
    " push rbp\n push rbx\n push r12\n push r13\n push r14\n push r15\n"
    " sub rsp, 24\n mov [rsp], rsi\n mov [rsp + 8], rdi\n"
    " sub rsp, 256\n"
    " mov rcx, 32\n lea rsi, [rsi + 256]\n mov rdi, rsp\n rep movsq\n"
    " mov rbx, [rsp + 256]\n"
    " movups xmm0, [rbx + 128]\n movups xmm1, [rbx + 144]\n movups xmm2, [rbx + 160]\n movups xmm3, [rbx + 176]\n"
    " movups xmm4, [rbx + 192]\n movups xmm5, [rbx + 208]\n movups xmm6, [rbx + 224]\n movups xmm7, [rbx + 240]\n"
    " mov rdi, [rbx]\n mov rsi, [rbx + 8]\n mov rdx, [rbx + 16]\n mov rcx, [rbx + 24]\n mov r8, [rbx + 32]\n mov r9, [rbx + 40]\n"
    " mov r11, [rsp + 264]\n"
    " mov rbp, 0x5005\n mov rbx, 0x5003\n mov r12, 0x500c\n mov r13, 0x500d\n mov r14, 0x500e\n mov r15, 0x500f\n"
    " call r11\n"
    " mov [rsp + 272], rax\n mov rax, [rsp + 256]\n"
    " mov [rax + 8], rdx\n mov [rax + 16], rcx\n mov [rax + 24], rsi\n mov [rax + 32], rdi\n mov [rax + 40], r8\n"
    " mov [rax + 48], r9\n mov [rax + 56], r10\n mov [rax + 64], r11\n"
    " mov rcx, [rsp + 272]\n mov [rax], rcx\n"
    " movups [rax + 128], xmm0\n movups [rax + 144], xmm1\n movups [rax + 160], xmm2\n movups [rax + 176], xmm3\n"
    " movups [rax + 192], xmm4\n movups [rax + 208], xmm5\n movups [rax + 224], xmm6\n movups [rax + 240], xmm7\n"
    " mov rcx, 32\n lea rdi, [rax + 256]\n mov rsi, rsp\n rep movsq\n"
    " sub rbp, 0x5005\n sub rbx, 0x5003\n sub r12, 0x500c\n sub r13, 0x500d\n sub r14, 0x500e\n sub r15, 0x500f\n"
    " or rbp, rbx\n or rbp, r12\n or rbp, r13\n or rbp, r14\n or rbp, r15\n"
    " xor eax, eax\n test rbp, rbp\n setne al\n"
    " add rsp, 280\n"
    " pop r15\n pop r14\n pop r13\n pop r12\n pop rbx\n pop rbp\n ret\n"
    ".att_syntax\n");

static sigjmp_buf trapped;

static uint64_t limit_word;
static int in_call;

// Memory that has grown since it was mapped is mapped when it is first touched; everything else is a trap.
static void on_signal(int signal, siginfo_t *info, void *context) {
  (void)context;
  uint64_t address = (uint64_t)info->si_addr;
  if (signal == SIGSEGV && limit_word && address < (uint64_t)*(uint32_t *)limit_word << 16) {
    void *page = (void *)(address & ~4095ull);
    if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == page) return;
  }
  if (!in_call) {
    fprintf(stderr, "signal %d at %p outside of a call\n", signal, info->si_addr);
    _exit(5);
  }
  siglongjmp(trapped, signal);
}

static void take(void *to, size_t count) {
  if (count && fread(to, 1, count, stdin) != count) exit(3);
}

// Fills memory that may be at address 0, where memcpy's pointer arithmetic wraps around.
static void fill(uint64_t address, size_t count) {
  static unsigned char buffer[65536];
  while (count > 0) {
    size_t part = count < sizeof buffer ? count : sizeof buffer;
    take(buffer, part);
    void *from = buffer, *to = (void *)address;
    size_t left = part;
    asm volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(left) : : "memory");
    address += part;
    count -= part;
  }
}

static uint64_t take64(void) {
  uint64_t value;
  take(&value, 8);
  return value;
}

static void map(void) {
  uint64_t address = take64(), size = take64(), count = take64();
  uint64_t first = address & ~4095ull, last = (address + size + 4095) & ~4095ull;
  if (last > first) {
    void *got = mmap((void *)first, last - first, PROT_READ | PROT_WRITE | PROT_EXEC,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
    if (got != (void *)first) exit(4);
  }
  fill(address, count);
}

static void call(void) {
  uint64_t function = take64();
  static struct call state;
  take(&state, sizeof state);
  unsigned char result[2] = {0, 0};
  int signal = sigsetjmp(trapped, 1);
  in_call = signal == 0;
  alarm(15);
  if (signal == 0) result[0] = run(function, &state) ? 2 : 0;
  else {
    result[0] = 1;
    result[1] = signal;
  }
  alarm(0);
  in_call = 0;
  fwrite(result, 1, 2, stdout);
  fwrite(&state, 1, sizeof state, stdout);
}

int main(void) {
  static char alternate[65536];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO};
  for (int each = 0; each < 6; each++) sigaction((int[]){SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGTRAP, SIGALRM}[each], &action, NULL);
  for (int command; (command = getchar()) != EOF;) {
    if (command == 'M') map();
    else if (command == 'C') call();
    else if (command == 'P') limit_word = take64();
    else if (command == 'U') {
      uint64_t address = take64(), size = take64();
      munmap((void *)address, size);
    } else if (command == 'W') {
      uint64_t address = take64(), count = take64();
      fill(address, count);
    } else if (command == 'R') {
      uint64_t address = take64(), count = take64();
      for (; count > 0; count--, address++) putchar(*(volatile unsigned char *)address);
    } else {
      fprintf(stderr, "unknown command 0x%x at %ld\n", command, ftell(stdin));
      return 2;
    }
  }
  return 0;
}
