/* Faults of disk and links for one node, ordered from outside. cluster/chaos compiles this and preloads it.

   CHAOS_DATA     absolute path of the folder whose files have the disk's faults
   CHAOS_CONTROL  a file of 32-bit words in the machine's order. It is mapped, so an order counts from the next call on:
     0   0 sound disk, 1 slow, 2 failing, 3 with no space left for who asks, 4 full: no file grows
     1   milliseconds that a sync takes longer on a slow disk
     2   number of ports that follow, at most 8
     3…  ports: connecting to them is refused, and sending on what is connected fails. TCP over IPv4. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { SOUND, SLOW, FAILING, FILLING, FULL };
enum { DISK, DELAY, PORT_COUNT, FIRST_PORT, MAX_PORTS = 8, WORDS = FIRST_PORT + MAX_PORTS };

static const volatile uint32_t *control;
static const char *data;
static size_t data_length;

static void give_up(const char *what) {
    fprintf(stderr, "faults: %s: %s\n", what, strerror(errno));
    _exit(70);
}

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("CHAOS_CONTROL");
    data = getenv("CHAOS_DATA");
    if (!path || !data) { errno = EINVAL; give_up("CHAOS_CONTROL and CHAOS_DATA must be set"); }
    data_length = strlen(data);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) give_up(path);
    void *map = mmap(NULL, WORDS * sizeof(uint32_t), PROT_READ, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) give_up(path);
    close(file);
    control = map;
}

/* The function that this one stands before. */
#define NEXT(name) ({ \
    static __typeof__(&name) next; \
    if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    next; })

static uint32_t disk(void) { return control ? control[DISK] : SOUND; }

static int is_data(int file) {
    char link[32], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path);
    return length > (ssize_t)data_length && !memcmp(path, data, data_length) && path[data_length] == '/';
}

/* As long as the disk is slow, in small steps: it may get well in between. */
static void wait_for_disk(void) {
    const struct timespec step = {0, 5 * 1000 * 1000};
    for (uint32_t waited = 0; disk() == SLOW && waited < control[DELAY]; waited += 5) nanosleep(&step, NULL);
}

/* Whether a sync must fail. */
static int sync_fails(void) {
    wait_for_disk();
    if (disk() != FAILING) return 0;
    errno = EIO;
    return 1;
}

/* Whether a write that ends there needs space that the file does not have yet: a full disk still takes the rest. */
static int needs_space(int file, off64_t end) {
    struct stat facts;
    return fstat(file, &facts) || end > facts.st_size;
}

static off64_t here(int file) {
    int flags = fcntl(file, F_GETFL);
    return lseek64(file, 0, flags >= 0 && (flags & O_APPEND) ? SEEK_END : SEEK_CUR);
}

static size_t total(const struct iovec *parts, int count) {
    size_t bytes = 0;
    for (int index = 0; index < count; index++) bytes += parts[index].iov_len;
    return bytes;
}

/* Whether a write must fail; with a negative offset it begins where the file stands. LMDB writes its meta page through a
   descriptor that syncs with each write. */
static int write_fails(int file, size_t count, off64_t offset) {
    if (disk() == SOUND || !is_data(file)) return 0;
    if (disk() == FULL) {
        if (!needs_space(file, (offset < 0 ? here(file) : offset) + (off64_t)count)) return 0;
        errno = ENOSPC;
        return 1;
    }
    int flags = fcntl(file, F_GETFL);
    return flags >= 0 && (flags & O_DSYNC) && sync_fails();
}

static int is_refused(const struct sockaddr *address) {
    if (address->sa_family != AF_INET) return 0;
    uint32_t port = ntohs(((const struct sockaddr_in *)address)->sin_port);
    for (uint32_t index = 0; index < control[PORT_COUNT] && index < MAX_PORTS; index++)
        if (control[FIRST_PORT + index] == port) return 1;
    return 0;
}

/* Whether sending must fail, since the link to the peer is broken. */
static int send_fails(int socket) {
    if (!control || !control[PORT_COUNT]) return 0;
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int saved = errno;
    if (getpeername(socket, (struct sockaddr *)&peer, &length) || !is_refused((struct sockaddr *)&peer)) {
        errno = saved;
        return 0;
    }
    errno = ECONNRESET;
    return 1;
}

static int is_full(const char *path) {
    return disk() >= FILLING && !strncmp(path, data, data_length) && (!path[data_length] || path[data_length] == '/');
}

int statvfs(const char *path, struct statvfs *result) {
    int code = NEXT(statvfs)(path, result);
    if (!code && is_full(path)) result->f_bavail = 0;
    return code;
}

int statvfs64(const char *path, struct statvfs64 *result) {
    int code = NEXT(statvfs64)(path, result);
    if (!code && is_full(path)) result->f_bavail = 0;
    return code;
}

int fsync(int file) { return disk() != SOUND && is_data(file) && sync_fails() ? -1 : NEXT(fsync)(file); }

int fdatasync(int file) { return disk() != SOUND && is_data(file) && sync_fails() ? -1 : NEXT(fdatasync)(file); }

int msync(void *start, size_t length, int flags) {
    return disk() != SOUND && sync_fails() ? -1 : NEXT(msync)(start, length, flags);
}

ssize_t write(int file, const void *bytes, size_t count) {
    return write_fails(file, count, -1) || send_fails(file) ? -1 : NEXT(write)(file, bytes, count);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    return write_fails(file, total(parts, count), -1) || send_fails(file) ? -1 : NEXT(writev)(file, parts, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    return write_fails(file, count, offset) ? -1 : NEXT(pwrite)(file, bytes, count, offset);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    return write_fails(file, count, offset) ? -1 : NEXT(pwrite64)(file, bytes, count, offset);
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
    return write_fails(file, total(parts, count), offset) ? -1 : NEXT(pwritev)(file, parts, count, offset);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t offset) {
    return write_fails(file, total(parts, count), offset) ? -1 : NEXT(pwritev64)(file, parts, count, offset);
}

int connect(int socket, const struct sockaddr *address, socklen_t length) {
    if (control && control[PORT_COUNT] && is_refused(address)) {
        errno = ECONNREFUSED;
        return -1;
    }
    return NEXT(connect)(socket, address, length);
}

ssize_t send(int socket, const void *bytes, size_t count, int flags) {
    return send_fails(socket) ? -1 : NEXT(send)(socket, bytes, count, flags);
}

ssize_t sendmsg(int socket, const struct msghdr *message, int flags) {
    return send_fails(socket) ? -1 : NEXT(sendmsg)(socket, message, flags);
}
