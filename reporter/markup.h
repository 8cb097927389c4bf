// Text for XML and HTML. Pure.
#pragma once

#include <string>
#include <string_view>

namespace repo {

// Valid UTF-8 without the characters that XML 1.0 does not have, with & < > " ' as entities: fit
// for element content and quoted attributes of both.
std::string escape_markup(std::string_view bytes);

}  // namespace repo
