/* Preloaded into a test's process: the N-th write, truncation, fsync, rename or open-for-writing below a folder fails.
   Nothing happens before fault_arm. Counts what Python and DuckDB ask of libc alike. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char under[PATH_MAX], kinds[16];
static long wanted, seen, given;
static int code, sticky, armed;

/* kinds: any of w (write), t (truncate: a full disk never refuses it, a broken one may), s (sync), r (rename, link), o (open for writing, mkdir); sticky: all from the N-th on */
void fault_arm(const char *folder, const char *which, const char *nth, const char *error, const char *stay) {
    strncpy(under, folder, sizeof under - 1);
    strncpy(kinds, which, sizeof kinds - 1);
    wanted = atol(nth), code = atoi(error), sticky = atoi(stay);
    seen = given = 0, armed = 1;
}

void fault_report(const char *path) {
    armed = 0;
    FILE *f = fopen(path, "w");
    if (f) fprintf(f, "%ld %ld\n", seen, given), fclose(f);
}

static int below(const char *path) {
    char full[PATH_MAX];
    if (!path) return 0;
    if (path[0] != '/') {
        if (!getcwd(full, sizeof full)) return 0;
        strncat(full, "/", sizeof full - strlen(full) - 1);
        strncat(full, path, sizeof full - strlen(full) - 1);
        path = full;
    }
    size_t n = strlen(under);
    return strncmp(path, under, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static int below_fd(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0) return 0;
    path[n] = 0;
    return below(path);
}

static int fails(char kind) {
    if (!strchr(kinds, kind)) return 0;
    long now = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    if (wanted && (now == wanted || (sticky && now > wanted))) {
        __atomic_add_fetch(&given, 1, __ATOMIC_SEQ_CST);
        errno = code;
        return 1;
    }
    return 0;
}

#define REAL(type, name, ...) static type (*real)(__VA_ARGS__); if (!real) real = dlsym(RTLD_NEXT, name)
#define FD(kind, type, name, params, args, ...) \
    type name params { REAL(type, #name, __VA_ARGS__); if (armed && below_fd(fd) && fails(kind)) return -1; return real args; }

FD('w', ssize_t, write, (int fd, const void *b, size_t n), (fd, b, n), int, const void *, size_t)
FD('w', ssize_t, pwrite, (int fd, const void *b, size_t n, off_t o), (fd, b, n, o), int, const void *, size_t, off_t)
FD('w', ssize_t, pwrite64, (int fd, const void *b, size_t n, off64_t o), (fd, b, n, o), int, const void *, size_t, off64_t)
FD('w', ssize_t, writev, (int fd, const struct iovec *v, int n), (fd, v, n), int, const struct iovec *, int)
FD('t', int, ftruncate, (int fd, off_t n), (fd, n), int, off_t)
FD('t', int, ftruncate64, (int fd, off64_t n), (fd, n), int, off64_t)
FD('w', int, fallocate, (int fd, int m, off_t a, off_t b), (fd, m, a, b), int, int, off_t, off_t)
FD('w', int, fallocate64, (int fd, int m, off64_t a, off64_t b), (fd, m, a, b), int, int, off64_t, off64_t)
FD('w', ssize_t, sendfile, (int fd, int in, off_t *o, size_t n), (fd, in, o, n), int, int, off_t *, size_t)
FD('w', ssize_t, sendfile64, (int fd, int in, off64_t *o, size_t n), (fd, in, o, n), int, int, off64_t *, size_t)
FD('s', int, fsync, (int fd), (fd), int)
FD('s', int, fdatasync, (int fd), (fd), int)

ssize_t copy_file_range(int in, off64_t *a, int fd, off64_t *b, size_t n, unsigned f) {
    REAL(ssize_t, "copy_file_range", int, off64_t *, int, off64_t *, size_t, unsigned);
    if (armed && below_fd(fd) && fails('w')) return -1;
    return real(in, a, fd, b, n, f);
}
int rename(const char *a, const char *b) {
    REAL(int, "rename", const char *, const char *);
    if (armed && (below(a) || below(b)) && fails('r')) return -1;
    return real(a, b);
}
int renameat(int x, const char *a, int y, const char *b) {
    REAL(int, "renameat", int, const char *, int, const char *);
    if (armed && below(b) && fails('r')) return -1;
    return real(x, a, y, b);
}
int link(const char *a, const char *b) {
    REAL(int, "link", const char *, const char *);
    if (armed && below(b) && fails('r')) return -1;
    return real(a, b);
}
int linkat(int x, const char *a, int y, const char *b, int f) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    if (armed && below(b) && fails('r')) return -1;
    return real(x, a, y, b, f);
}
int mkdir(const char *a, mode_t m) {
    REAL(int, "mkdir", const char *, mode_t);
    struct stat there;
    if (armed && below(a) && stat(a, &there) != 0 && fails('o')) return -1;
    return real(a, m);
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list); \
        if (armed && (flags & (O_WRONLY | O_RDWR)) && below(path) && fails('o')) return -1; \
        return real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
#define OPENAT(name) \
    int name(int dir, const char *path, int flags, ...) { \
        REAL(int, #name, int, const char *, int, ...); \
        va_list list; va_start(list, flags); mode_t mode = va_arg(list, mode_t); va_end(list); \
        if (armed && (flags & (O_WRONLY | O_RDWR)) && below(path) && fails('o')) return -1; \
        return real(dir, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)
