/* Writes down every change that a process makes to files below one directory, in the order in which they happen.
 *
 * Preloaded into a process; RECORDER_ROOT is the directory, RECORDER_LOG the file that is written. A record is a line,
 * followed by the bytes of a write:
 *
 *   C path            created            W path offset length    written, the bytes and a newline follow
 *   T path length     cut                S path                  synced: a file, or a directory
 *   R old new         renamed            U path                  unlinked
 *   M path            directory made
 *
 * Fields are separated by tabs. What happens and its record are under one lock, so that no order is made up.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static int journal = -1;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
  root = getenv("RECORDER_ROOT");
  const char *path = getenv("RECORDER_LOG");
  if (root && path) journal = REAL(open)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int inside(const char *path) { return journal >= 0 && path && strncmp(path, root, strlen(root)) == 0; }

static int name_of(int fd, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return inside(path);
}

static void note(const char *format, ...) {
  char line[2 * PATH_MAX + 64];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  if (REAL(write)(journal, line, length) != length) abort();
}

static void note_write(const char *path, off_t offset, const void *data, size_t length) {
  note("W\t%s\t%lld\t%zu\n", path, (long long)offset, length);
  if (REAL(write)(journal, data, length) != (ssize_t)length || REAL(write)(journal, "\n", 1) != 1) abort();
}

static int opening(int (*real)(const char *, int, ...), const char *path, int flags, mode_t mode) {
  if (!inside(path)) return real(path, flags, mode);
  pthread_mutex_lock(&lock);
  int is_new = (flags & O_CREAT) && access(path, F_OK) != 0;
  int fd = real(path, flags, mode);
  if (fd >= 0 && is_new) note("C\t%s\n", path);
  if (fd >= 0 && !is_new && (flags & O_TRUNC)) note("T\t%s\t0\n", path);
  pthread_mutex_unlock(&lock);
  return fd;
}

#define MODE va_list values; va_start(values, flags); mode_t mode = flags & O_CREAT ? va_arg(values, mode_t) : 0; va_end(values)

int open(const char *path, int flags, ...) { MODE; return opening(REAL(open), path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE; return opening((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open64"), path, flags, mode); }
int openat(int at, const char *path, int flags, ...) {
  MODE;
  if (path[0] == '/') return opening(REAL(open), path, flags, mode);
  return REAL(openat)(at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
  MODE;
  if (path[0] == '/') return opening(REAL(open), path, flags, mode);
  return REAL(openat)(at, path, flags, mode);
}

ssize_t write(int fd, const void *data, size_t length) {
  char path[PATH_MAX];
  if (journal < 0 || fd == journal || !name_of(fd, path)) return REAL(write)(fd, data, length);
  pthread_mutex_lock(&lock);
  ssize_t done = REAL(write)(fd, data, length);
  if (done > 0) note_write(path, lseek(fd, 0, SEEK_CUR) - done, data, done);
  pthread_mutex_unlock(&lock);
  return done;
}

static ssize_t placed(const char *name, int fd, const void *data, size_t length, off_t offset) {
  ssize_t (*real)(int, const void *, size_t, off_t) = dlsym(RTLD_NEXT, name);
  char path[PATH_MAX];
  if (!name_of(fd, path)) return real(fd, data, length, offset);
  pthread_mutex_lock(&lock);
  ssize_t done = real(fd, data, length, offset);
  if (done > 0) note_write(path, offset, data, done);
  pthread_mutex_unlock(&lock);
  return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) { return placed("pwrite", fd, data, length, offset); }
ssize_t pwrite64(int fd, const void *data, size_t length, off_t offset) { return placed("pwrite64", fd, data, length, offset); }

static int cutting(int fd, off_t length) {
  char path[PATH_MAX];
  if (!name_of(fd, path)) return REAL(ftruncate)(fd, length);
  pthread_mutex_lock(&lock);
  int done = REAL(ftruncate)(fd, length);
  if (done == 0) note("T\t%s\t%lld\n", path, (long long)length);
  pthread_mutex_unlock(&lock);
  return done;
}
int ftruncate(int fd, off_t length) { return cutting(fd, length); }
int ftruncate64(int fd, off_t length) { return cutting(fd, length); }

static int syncing(int (*real)(int), int fd) {
  char path[PATH_MAX];
  if (!name_of(fd, path)) return real(fd);
  pthread_mutex_lock(&lock); /* the disk is not waited for: what it would have is in the journal */
  note("S\t%s\n", path);
  pthread_mutex_unlock(&lock);
  return 0;
}
int fsync(int fd) { return syncing(REAL(fsync), fd); }
int fdatasync(int fd) { return syncing(REAL(fdatasync), fd); }

static int moving(const char *old, const char *new) {
  pthread_mutex_lock(&lock);
  int done = REAL(rename)(old, new);
  if (done == 0 && inside(new)) note("R\t%s\t%s\n", old, new);
  pthread_mutex_unlock(&lock);
  return done;
}
int rename(const char *old, const char *new) { return moving(old, new); }
int renameat(int from, const char *old, int to, const char *new) {
  if (old[0] == '/' && new[0] == '/') return moving(old, new);
  return REAL(renameat)(from, old, to, new);
}

static int removing(const char *path) {
  pthread_mutex_lock(&lock);
  int done = REAL(unlink)(path);
  if (done == 0 && inside(path)) note("U\t%s\n", path);
  pthread_mutex_unlock(&lock);
  return done;
}
int unlink(const char *path) { return removing(path); }
int unlinkat(int at, const char *path, int flags) {
  if (path[0] == '/' && !flags) return removing(path);
  return REAL(unlinkat)(at, path, flags);
}

static int making(const char *path, mode_t mode) {
  pthread_mutex_lock(&lock);
  int done = REAL(mkdir)(path, mode);
  if (done == 0 && inside(path)) note("M\t%s\n", path);
  pthread_mutex_unlock(&lock);
  return done;
}
int mkdir(const char *path, mode_t mode) { return making(path, mode); }
int mkdirat(int at, const char *path, mode_t mode) {
  if (path[0] == '/') return making(path, mode);
  return REAL(mkdirat)(at, path, mode);
}
