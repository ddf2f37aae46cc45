#pragma once

// Replaces three calls of the C library, for the whole process, by ones that fail on demand. LMDB makes its pages durable
// by them.

/// After so many calls of fdatasync that succeed, so many fail with EIO, and the rest succeed again.
void disk_faults_fail_syncs(int after, int count);

/// From now on pwrite and writev find no room on the disk, until switched off.
void disk_faults_fill_disk(int on);
