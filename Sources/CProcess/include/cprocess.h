// What glibc has for GNU programs only, and Swift's import of it therefore lacks: starting a process in a session of
// its own with nothing inherited but what it is given, and what its memory is taken from.
#ifndef CPROCESS_H
#define CPROCESS_H

#include <sys/types.h>

/// Starts `path` in a new session, with default signals, /dev/null as standard input and output, `log` as standard
/// error, `settings` as descriptor 3 and `readiness` as 4; all others are closed. The three must be above 4.
/// Returns 0 or an error number.
int cp_start_in_background(
    const char *path, char *const argv[], char *const envp[], int log, int settings, int readiness, pid_t *pid);

/// A file without a name, closed on exec; -1 and errno.
int cp_nameless_file(const char *name);

/// A pipe, both ends closed on exec; 0, or -1 and errno.
int cp_pipe(int *reading, int *writing);

/// From now on every allocation of `bytes` and more goes back to the system when it is freed. By itself glibc stops
/// doing so once it has seen a large one freed, and messages of megabytes leave holes that nothing else fits into.
void cp_return_large_allocations(size_t bytes);

#endif
