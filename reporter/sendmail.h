// Mail by the machine's own mail program, which queues it: sendmail -t -i, as Postfix, Exim and
// most others bring it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "reporter/delivery.h"

namespace repo {

struct Sendmail {
  std::string path = "/usr/sbin/sendmail";  // absolute
  std::chrono::seconds deadline{30};
};

// Gives `message` (LineEnd::kLf) to it on its standard input; no shell has a part in it. The
// receivers are those in the message's "To:". Blocks until the program is gone; one that is not
// at the deadline, or when a stop is requested, is killed with all of its session.
// Errors: it is not there, cannot be started, failed (its last line on stderr), was killed.
// That it took the message is all that is known then: whether it arrives is told by mail only.
Delivery send_by_sendmail(const Sendmail& sendmail, std::string_view message);

}  // namespace repo
