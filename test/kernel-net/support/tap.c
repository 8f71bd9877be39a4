/* Relays the frames of a TAP device in a network namespace of its own to stdin and stdout, each behind its length (32 bits,
 * big-endian). Ends, and with it namespace and device, when stdin does. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int all(int fd, char *at, size_t left, int out) {
  while (left) {
    ssize_t n = out ? write(fd, at, left) : read(fd, at, left);
    if (n <= 0) return -1;
    at += n;
    left -= n;
  }
  return 0;
}

int main(void) {
  static char frame[70000];
  struct ifreq request = {0};
  if (unshare(CLONE_NEWNET)) return perror("unshare"), 1;
  int tap = open("/dev/net/tun", O_RDWR);
  if (tap < 0) return perror("/dev/net/tun"), 1;
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  strcpy(request.ifr_name, "tap0");
  if (ioctl(tap, TUNSETIFF, &request)) return perror("TUNSETIFF"), 1;
  fputs("ready\n", stderr);
  struct pollfd fds[2] = {{tap, POLLIN, 0}, {0, POLLIN, 0}};
  while (poll(fds, 2, -1) >= 0) {
    if (fds[0].revents & POLLIN) {
      ssize_t n = read(tap, frame + 4, sizeof frame - 4);
      if (n > 0) {
        unsigned length = htonl(n);
        memcpy(frame, &length, 4);
        if (all(1, frame, n + 4, 1)) return 0;
      }
    }
    if (fds[1].revents) {
      unsigned length;
      if (all(0, (char *)&length, 4, 0)) return 0;
      length = ntohl(length);
      if (length > sizeof frame || all(0, frame, length, 0)) return 0;
      if (write(tap, frame, length) < 0) perror("tap");
    }
  }
  return 0;
}
