// The name of this machine, as documents carry it.
#pragma once

#include <string>

namespace repo {

std::string host_name();

}  // namespace repo
