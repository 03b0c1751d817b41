/*
 * Runs a program that is not ours and adds a line of JSON to what it prints: the processor time and the memory that it
 * took, which only its parent can ask for.
 *
 *   launch COMMAND [ARGUMENT ...]
 *
 * A command without a slash is looked for beside this program first.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child = 0;

static void pass_on(int signal) {
  if (child > 0) kill(child, signal);
}

int main(int argc, char** argv) {
  if (argc < 2) {
    fprintf(stderr, "launch: a command is required\n");
    return 2;
  }
  char beside[PATH_MAX];
  const char* slash = strrchr(argv[0], '/');
  snprintf(beside, sizeof(beside), "%.*s/%s", slash ? (int)(slash - argv[0]) : 1, slash ? argv[0] : ".", argv[1]);
  const char* command = !strchr(argv[1], '/') && access(beside, X_OK) == 0 ? beside : argv[1];
  child = fork();
  if (child == 0) {
    execvp(command, argv + 1);
    fprintf(stderr, "launch: %s: %s\n", command, strerror(errno));
    _exit(127);
  }
  signal(SIGINT, pass_on);
  signal(SIGTERM, pass_on);
  int status = 0;
  struct rusage usage;
  while (wait4(child, &status, 0, &usage) < 0)
    if (errno != EINTR) return 1;
  if (!WIFEXITED(status)) return 128 + WTERMSIG(status);
  if (WEXITSTATUS(status) != 0) return WEXITSTATUS(status);
  const double cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  printf("\n{\"cpuSeconds\":%.3f,\"rssMb\":%.1f}\n", cpu, (double)usage.ru_maxrss / 1024);
  return 0;
}
