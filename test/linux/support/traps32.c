/* The same for a 32-bit process, without a library: calls by the vDSO, which executes SYSENTER, and by INT 80h; then instructions that only such code has. */
enum { EXIT = 1, FORK = 2, WRITE = 4, WAITPID = 7, GETPID = 20 };
enum { AT_SYSINFO = 32 };

static unsigned vdso_entry;

static int by_vdso(int number, int a, int b, int c) {
  int result;
  asm volatile("call *%5" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "m"(vdso_entry) : "memory");
  return result;
}

static int by_int80(int number, int a, int b, int c) {
  int result;
  asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
  return result;
}

static void print(const char *text, int value) {
  char line[40];
  int n = 0;
  for (; text[n]; n++) line[n] = text[n];
  for (int shift = 28; shift >= 0; shift -= 4) line[n++] = "0123456789abcdef"[value >> shift & 15];
  line[n++] = '\n';
  by_int80(WRITE, 1, (int)line, n);
}

/* How a child ends that executes this. */
#define CHILD(text, code)                                       \
  do {                                                          \
    int status = 0, child = by_vdso(FORK, 0, 0, 0);             \
    if (child == 0) {                                           \
      asm volatile(code : : : "eax", "ebx", "ecx", "edx", "cc"); \
      by_int80(EXIT, 3, 0, 0);                                  \
    }                                                           \
    by_vdso(WAITPID, child, (int)&status, 0);                   \
    print(text, status);                                        \
  } while (0)

__attribute__((used)) static void start(unsigned *stack) {
  unsigned *word = stack + stack[0] + 2;
  while (*word++) continue;
  for (; word[0]; word += 2)
    if (word[0] == AT_SYSINFO) vdso_entry = word[1];
  int equal = 0;
  for (int i = 0; i < 1000; i++) equal += by_vdso(GETPID, 0, 0, 0) == by_int80(GETPID, 0, 0, 0);
  print("equal    ", equal);
  print("no page  ", by_vdso(WRITE, 1, -4096, 1));
  CHILD("nothing  ", "nop");
  CHILD("BOUND    ", "mov $0x7fffffff, %%eax\n bound %%eax, (%%esp)");
  CHILD("INTO     ", "mov $0x7fffffff, %%eax\n inc %%eax\n into");
  CHILD("SYSCALL  ", "mov $20, %%eax\n syscall");
  CHILD("INT 81h  ", "int $0x81");
  CHILD("HLT      ", "hlt");
  CHILD("UD2      ", "ud2");
  by_vdso(EXIT, 0, 0, 0);
}

asm(".globl _start\n_start: mov %esp, %eax\n push %eax\n call start");
