/*
 * The programs of `bench:cpu` in C, for gcc: the same object code natively, in our machine, in QEMU and, with -m32, in v86. -DNATIVE makes a program for Linux,
 * otherwise the code stands alone: output on COM1, memory from HEAP on. Each prints `begin NAME` and `end NAME CHECKSUM`.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifdef NATIVE
#include <stdlib.h>
#include <unistd.h>
static void print(const char *text, int length) { if (write(1, text, length) < 0) exit(1); }
static void *heap(void) { static void *memory; return memory ? memory : (memory = calloc(1, 16 << 20)); }
#else
static inline void out8(unsigned short port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static inline u8 in8(unsigned short port) { u8 value; __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port)); return value; }
static void print(const char *text, int length) {
  for (int i = 0; i < length; i++) {
    while (!(in8(0x3fd) & 0x20)) {}
    out8(0x3f8, text[i]);
  }
}
static void *heap(void) { return (void *)HEAP; }
/* gcc calls them for loops and assignments of its own making. */
void *memset(void *to, int value, __SIZE_TYPE__ n) {
  void *at = to;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(value) : "memory");
  return to;
}
void *memcpy(void *to, const void *from, __SIZE_TYPE__ n) {
  void *at = to;
  __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
  return to;
}
#endif

/* SCALE 1 is what a figure is quoted for; a fraction of it shows that everything runs. */
#define TIMES(n) ((int)((n) * (double)(SCALE)) > 0 ? (int)((n) * (double)(SCALE)) : 1)

static u32 integer(int rounds) {
  u32 state = 1, sum = 0;
  for (int i = 0; i < rounds; i++) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    sum += state & 0xff;
  }
  return sum;
}

static u32 sieve(int limit) {
  u8 *composite = heap();
  u32 count = 0;
  for (int i = 0; i <= limit; i++) composite[i] = 0;
  for (int n = 2; n <= limit; n++) {
    if (composite[n]) continue;
    count++;
    for (int multiple = n * 2; multiple <= limit; multiple += n) composite[multiple] = 1;
  }
  return count;
}

/* -fno-optimize-sibling-calls and noipa: gcc would make a loop of most of it. */
__attribute__((noipa)) static u32 fibonacci(u32 n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
static u32 recursive(int n) { return fibonacci(n); }

__attribute__((noipa)) static u32 step(u32 x) { return x * 3 + 1; }
static u32 calls(int rounds) {
  u32 x = 1;
  for (int i = 0; i < rounds; i++) x = step(x);
  return x;
}

__attribute__((noipa)) static u32 plus(u32 x) { return x + 3; }
__attribute__((noipa)) static u32 exclusive(u32 x) { return x ^ 0x55; }
__attribute__((noipa)) static u32 times(u32 x) { return x * 5; }
__attribute__((noipa)) static u32 half(u32 x) { return (x >> 1) | 1; }
static u32 (*volatile const operations[4])(u32) = {plus, exclusive, times, half};
static u32 indirect(int rounds) {
  u32 x = 1;
  for (int i = 0; i < rounds; i++) x = operations[(x ^ i) & 3](x);
  return x;
}

static const u32 K[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
static inline u32 rotate(u32 x, int n) { return x >> n | x << (32 - n); }

/* FIPS 180-4, over blocks that are made of the hash so far. */
static u32 sha256(int blocks) {
  u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  u32 w[64];
  for (int block = 0; block < blocks; block++) {
    for (int i = 0; i < 16; i++) w[i] = h[i & 7] + i;
    for (int i = 16; i < 64; i++) {
      u32 s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
      u32 s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    u32 a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], i7 = h[7];
    for (int i = 0; i < 64; i++) {
      u32 t1 = i7 + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i];
      u32 t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      i7 = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += i7;
  }
  return h[0] ^ h[7];
}

#define SIZE 48
static u32 matrix(int rounds) {
  int *a = heap(), *b = a + SIZE * SIZE, *c = b + SIZE * SIZE;
  for (int i = 0; i < SIZE * SIZE; i++) { a[i] = i % 17; b[i] = i % 23; }
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < SIZE; i++)
      for (int j = 0; j < SIZE; j++) {
        int sum = 0;
        for (int k = 0; k < SIZE; k++) sum += a[i * SIZE + k] * b[k * SIZE + j];
        c[i * SIZE + j] = sum;
      }
    a[round % (SIZE * SIZE)] += c[(round * 31) % (SIZE * SIZE)] & 0xff;
  }
  return c[SIZE + 1];
}

static u32 mandelbrot(int size) {
  u32 inside = 0;
  for (int y = 0; y < size; y++)
    for (int x = 0; x < size; x++) {
      double cr = 3.0 * x / size - 2.0, ci = 2.0 * y / size - 1.0, zr = 0, zi = 0;
      int n = 0;
      while (n < 100 && zr * zr + zi * zi < 4.0) {
        double t = zr * zr - zi * zi + cr;
        zi = 2.0 * zr * zi + ci;
        zr = t;
        n++;
      }
      if (n == 100) inside++;
    }
  return inside;
}

#ifdef __SSE2_MATH__
static inline double root(double x) { __asm__("sqrtsd %0, %0" : "+x"(x)); return x; }
#else
static inline double root(double x) { __asm__("fsqrt" : "+t"(x)); return x; }
#endif
/* Five bodies: place, speed, mass. The checksum is coarse: x87 and SSE round differently. */
static u32 bodies(int steps) {
  double s[5][7];
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 7; j++) s[i][j] = ((i * 7 + j) * 37 % 11 + 1) / 10.0;
  for (int n = 0; n < steps; n++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double dx = s[i][0] - s[j][0], dy = s[i][1] - s[j][1], dz = s[i][2] - s[j][2];
        double square = dx * dx + dy * dy + dz * dz + 0.01;
        double force = 0.00001 / (square * root(square));
        double mi = s[i][6] * force, mj = s[j][6] * force;
        s[i][3] -= dx * mj; s[i][4] -= dy * mj; s[i][5] -= dz * mj;
        s[j][3] += dx * mi; s[j][4] += dy * mi; s[j][5] += dz * mi;
      }
    for (int i = 0; i < 5; i++)
      for (int j = 0; j < 3; j++) s[i][j] += 0.00001 * s[i][j + 3];
  }
  return (u32)(int)(s[0][0] * 1000);
}

/* A loop of 8-byte moves, and the string instruction. */
static u32 copy(int rounds) {
  u64 *from = heap(), *to = from + (1 << 17);
  for (int i = 0; i < 1 << 17; i++) from[i] = (u64)i * 0x9e3779b9u;
  for (int round = 0; round < rounds; round++) {
    for (int i = 0; i < 1 << 17; i++) ((volatile u64 *)to)[i] = from[i];
    from[round & 1023] ^= to[(1 << 17) - 1 - (round & 1023)];
  }
  return (u32)from[5];
}
static u32 string(int rounds) {
  u8 *from = heap(), *to = from + (2 << 20) + 1;
  for (int i = 0; i < 1 << 20; i++) from[i] = (u8)i;
  for (int round = 0; round < rounds; round++) {
    void *d = to;
    const void *s = from;
    __SIZE_TYPE__ n = 1 << 20;
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
    from[round & 1023] ^= to[(1 << 20) - 1 - (round & 1023)];
  }
  return from[5];
}

static int length(const char *text) {
  int n = 0;
  while (text[n]) n++;
  return n;
}

static void section(const char *name, u32 (*program)(int), int n) {
  char digits[12];
  int at = sizeof digits;
  print("begin ", 6);
  print(name, length(name));
  print("\n", 1);
  u32 sum = program(n);
  digits[--at] = '\n';
  do digits[--at] = '0' + sum % 10;
  while (sum /= 10);
  print("end ", 4);
  print(name, length(name));
  print(" ", 1);
  print(digits + at, sizeof digits - at);
}

int main(void) {
  section("integer", integer, TIMES(200000000));
  section("sieve", sieve, TIMES(8000000));
  section("recursion", recursive, SCALE < 1 ? 20 : 36);
  section("calls", calls, TIMES(200000000));
  section("indirect-calls", indirect, TIMES(50000000));
  section("sha256", sha256, TIMES(300000));
  section("matrix", matrix, TIMES(3000));
  section("mandelbrot", mandelbrot, SCALE < 1 ? 40 : 700);
  section("n-body", bodies, TIMES(1000000));
  section("memcpy", copy, TIMES(1000));
  section("rep-movsb", string, TIMES(1000));
  return 0;
}

#ifndef NATIVE
/* The first bytes of the image's code. Ends the machine by QEMU's exit port; a machine without one halts. */
__attribute__((section(".start"), noreturn)) void start(void) {
  main();
  print("done\n", 5);
  out8(0xf4, 0);
  for (;;) __asm__ volatile("cli; hlt");
}
#endif
