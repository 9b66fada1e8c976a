/* Preloaded into a worker in front of the C library. It simulates a disk that never responds. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void wait_if_hung(const char *path) {
    const char *disk = getenv("CHAOS_HUNG_DISK");
    if (disk != NULL && path != NULL && strncmp(path, disk, strlen(disk)) == 0) {
        for (;;) {
            pause();
        }
    }
}

int mkdir(const char *path, mode_t mode) {
    wait_if_hung(path);
    int (*next)(const char *, mode_t) = (int (*)(const char *, mode_t))dlsym(RTLD_NEXT, "mkdir");
    return next(path, mode);
}

int statx(int directory, const char *restrict path, int flags, unsigned int mask, struct statx *restrict found) {
    wait_if_hung(path);
    int (*next)(int, const char *, int, unsigned int, struct statx *) =
        (int (*)(int, const char *, int, unsigned int, struct statx *))dlsym(RTLD_NEXT, "statx");
    return next(directory, path, flags, mask, found);
}
