#include "reporter/markup.h"

#include "base/bytes_path.h"

namespace repo {
namespace {

constexpr unsigned char kFirstPlain = 0x20;

const char* entity_of(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return nullptr;
  }
}

}  // namespace

std::string escape_markup(std::string_view bytes) {
  std::string text;
  for (const char c : readable(bytes)) {
    const bool is_control = static_cast<unsigned char>(c) < kFirstPlain && c != '\n' && c != '\t';
    if (is_control) {
      text += "\xEF\xBF\xBD";  // U+FFFD
    } else if (const char* entity = entity_of(c)) {
      text += entity;
    } else {
      text += c;
    }
  }
  // U+FFFE and U+FFFF are no characters of XML.
  for (const char* none : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (std::size_t at = text.find(none); at != std::string::npos; at = text.find(none, at + 1)) {
      text.replace(at, 3, "\xEF\xBF\xBD");
    }
  }
  return text;
}

}  // namespace repo
