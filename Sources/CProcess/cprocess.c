#define _GNU_SOURCE
#include "cprocess.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <unistd.h>

static int prepare(posix_spawn_file_actions_t *actions, int log, int settings, int readiness)
{
    int code = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
    if (code == 0) code = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
    if (code == 0) code = posix_spawn_file_actions_adddup2(actions, log, 2);
    if (code == 0) code = posix_spawn_file_actions_adddup2(actions, settings, 3);
    if (code == 0) code = posix_spawn_file_actions_adddup2(actions, readiness, 4);
    if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(actions, 5);
    return code;
}

int cp_start_in_background(
    const char *path, char *const argv[], char *const envp[], int log, int settings, int readiness, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) return code;
    code = posix_spawnattr_init(&attributes);
    if (code != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return code;
    }
    // The program that starts it has the stop signals blocked and SIGPIPE ignored, which would be inherited.
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    code = prepare(&actions, log, settings, readiness);
    if (code == 0) code = posix_spawn(pid, path, &actions, &attributes, argv, envp);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return code;
}

int cp_nameless_file(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int cp_pipe(int *reading, int *writing)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

void cp_return_large_allocations(size_t bytes) { mallopt(M_MMAP_THRESHOLD, (int)bytes); }
