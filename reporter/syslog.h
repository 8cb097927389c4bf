// The machine's log, by syslog(3): ident "repo-report" with our process number, facility daemon (as
// the work of a service, whoever started it). The daemon writes it as RFC 5424 where it is told to.
#pragma once

#include <string>
#include <vector>

#include "reporter/delivery.h"

namespace repo {

struct SyslogLine {
  int priority = 6;  // LOG_EMERG (0) to LOG_DEBUG (7)
  std::string text;  // arrives as one line of at most 2 KiB, through printable()
};

// syslog(3) fails without a word, and waits for ever for a daemon that does not read. So the
// daemon's socket is looked at before each line: none there, or one that does not take all within
// `patience_ms` or until a stop is requested, is an error, which says how many lines it has.
// That all were handed to the socket is what is known after it.
// Threads: one caller at a time; syslog(3) is the process's.
Delivery send_to_syslog(const std::vector<SyslogLine>& lines, int patience_ms = 30'000);

// Whether a daemon listens; it is told nothing.
Status check_syslog();

}  // namespace repo
