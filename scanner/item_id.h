// The name of an item: stable from night to night, and safe as a file name.
#pragma once

#include <string>
#include <string_view>

namespace repo {

// The readable path (at most 100 bytes, its end where it is longer), '-', and the first 32 hex
// digits of SHA-256 of the raw path: "srv-svn-alpha-3f2a9c1d…". Letters, digits and "._+@-"
// only, never a leading dot or dash. The digest makes it unique; nobody can aim at a collision.
std::string make_item_id(std::string_view path);

}  // namespace repo
