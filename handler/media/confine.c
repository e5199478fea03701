// Puts limits on itself, then becomes another program.
//
//     confine PARENT MEMORY_BYTES CPU_SECONDS LAST_CPU_SECONDS FILE_BYTES PROGRAM ARGUMENT...
//
// A limit that is `-` stays what it is. The limits hold before the program's first instruction, and
// no code of ours runs between the fork and the exec of a process that has threads, where a lock may
// be held for ever.

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PARENT = 1, MEMORY_BYTES, CPU_SECONDS, LAST_CPU_SECONDS, FILE_BYTES, PROGRAM };

enum { MOST_OPEN_FILES = 256, NOT_STARTED = 126 };

static _Noreturn void give_up(const char *what, const char *why) {
    fprintf(stderr, "%s: %s\n", what, why);
    exit(NOT_STARTED);
}

// Never more than that from here on. RLIM_INFINITY is the largest number.
static void lower(int limit, rlim_t soft, rlim_t hard) {
    struct rlimit now;
    if (getrlimit(limit, &now)) give_up("getrlimit", strerror(errno));
    const rlim_t highest = now.rlim_max;
    const struct rlimit wanted = {soft < highest ? soft : highest, hard < highest ? hard : highest};
    if (setrlimit(limit, &wanted)) give_up("setrlimit", strerror(errno));
}

static rlim_t number_in(const char *word) {
    char *end;
    const rlim_t number = strtoull(word, &end, 10);
    if (*end || end == word) give_up(word, "not a limit");
    return number;
}

static void lower_to(int limit, const char *soft, const char *hard) {
    if (strcmp(soft, "-")) lower(limit, number_in(soft), number_in(hard));
}

int main(int count, char **words) {
    if (count <= PROGRAM) give_up("confine", "too few words");
    lower_to(RLIMIT_AS, words[MEMORY_BYTES], words[MEMORY_BYTES]);
    lower_to(RLIMIT_CPU, words[CPU_SECONDS], words[LAST_CPU_SECONDS]);
    lower_to(RLIMIT_FSIZE, words[FILE_BYTES], words[FILE_BYTES]);
    lower(RLIMIT_CORE, 0, 0);
    lower(RLIMIT_NOFILE, MOST_OPEN_FILES, MOST_OPEN_FILES);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL)) give_up("prctl", strerror(errno));
    if (getppid() != atoi(words[PARENT])) give_up("confine", "the parent is gone");
    // Python ignores both, and programs inherit that. A file that grows too large is left to be an
    // error of its writing, which says what is wrong.
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN);
    execv(words[PROGRAM], words + PROGRAM);
    give_up(words[PROGRAM], strerror(errno));
}
