// A scan's result as bytes and back, for the way from one of our processes to another: nothing is
// lost, and it is no format for anybody else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scanner/repository.h"

namespace repo {

std::string to_bytes(const ScanResult& result);

// Nothing where the bytes are not all of what to_bytes() made.
std::optional<ScanResult> from_bytes(std::string_view bytes);

}  // namespace repo
