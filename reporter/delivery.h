// What came of handing something to a channel: an error, or what is known of its arrival, for
// people and in one line ("mail.example.org accepted it: 250 2.0.0 Ok"). A program that takes a
// message and says no more has not delivered it: "handed to /usr/sbin/sendmail".
#pragma once

#include <string>

#include "base/result.h"

namespace repo {

using Delivery = Result<std::string>;

}  // namespace repo
