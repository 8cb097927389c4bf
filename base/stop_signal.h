// SIGINT, SIGTERM and SIGHUP as something that code can look at and wait for.
//
// install_stop_signals() is called once, from main, before threads start. The first signal sets
// the flag and makes stop_fd() readable; it also restores the default action, so that a second
// signal ends the process at once. SIGPIPE is ignored, so that a closed pipe is an EPIPE that is
// reported. Without install_stop_signals() the flag stays false and stop_fd() is -1, which
// poll(2) ignores.
//
// Threads: all functions may be called from any thread.
#pragma once

namespace repo {

void install_stop_signals();

// The number of the signal that asked to stop, or 0.
int stop_requested();

// Readable for ever once a stop was requested. Never read from it.
int stop_fd();

// As a signal would; for tests.
void request_stop(int signal);

}  // namespace repo
