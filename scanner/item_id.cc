#include "scanner/item_id.h"

#include "base/digest.h"

namespace repo {

std::string make_item_id(std::string_view path) {
  constexpr std::size_t kReadable = 100;
  constexpr std::size_t kDigits = 32;
  std::string text;
  for (const char c : path.substr(path.starts_with('/') ? 1 : 0)) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool mark = c == '.' || c == '_' || c == '+' || c == '@' || c == '-';
    text += c == '/' ? '-' : (letter || mark) ? c : '_';
  }
  if (text.empty()) text = "root";
  if (text.size() > kReadable) text.erase(0, text.size() - kReadable);
  if (text[0] == '.' || text[0] == '-') text[0] = '_';
  return text + '-' + sha256_hex(path).substr(0, kDigits);
}

}  // namespace repo
