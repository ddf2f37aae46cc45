#include "CDiskFaults.h"

#include <errno.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

// Counted down by each call, which fails when no more are left than are to fail.
static atomic_int syncs_left;
static atomic_int failing_syncs;
static atomic_int disk_is_full;

void disk_faults_fail_syncs(int after, int count) {
    atomic_store(&failing_syncs, count);
    atomic_store(&syncs_left, after + count);
}

void disk_faults_fill_disk(int on) { atomic_store(&disk_is_full, on); }

int fdatasync(int descriptor) {
    int left = atomic_load(&syncs_left);
    if (left > 0) atomic_store(&syncs_left, left - 1);
    if (left > 0 && left <= atomic_load(&failing_syncs)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, descriptor);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
    if (atomic_load(&disk_is_full)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_pwrite64, descriptor, bytes, count, offset);
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    if (atomic_load(&disk_is_full)) {
        errno = ENOSPC;
        return -1;
    }
    return syscall(SYS_writev, descriptor, parts, count);
}
