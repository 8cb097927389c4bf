#include "base/config.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/text.h"

namespace repo {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_bare(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '-' || c == '_';
}

// Not printable() yet: describe() does that.
void append_utf8(std::string& bytes, std::uint32_t code) {
  auto put = [&](std::uint32_t byte) { bytes += static_cast<char>(byte); };
  auto tail = [&](std::uint32_t bits) { put(0x80 | (bits & 0x3F)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | (code >> 6));
    tail(code);
  } else if (code < 0x10000) {
    put(0xE0 | (code >> 12));
    tail(code >> 6);
    tail(code);
  } else {
    put(0xF0 | (code >> 18));
    tail(code >> 12);
    tail(code >> 6);
    tail(code);
  }
}

// Reads from left to right. The first mistake ends it: every reader then returns false.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  Result<Config> parse() {
    while (!mistake_ && skip_to_content()) {
      const bool read = peek() == '[' ? read_section() : read_entry();
      if (read) end_line();
    }
    if (mistake_) return *mistake_;
    return std::move(config_);
  }

 private:
  bool at_end() const { return at_ == text_.size(); }
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++at_;
    return true;
  }
  bool at_newline() const { return peek() == '\n' || (peek() == '\r' && peek(1) == '\n'); }

  bool fail(const std::string& message) {
    mistake_ = config_mistake(line_, message);
    return false;
  }

  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }

  void skip_comment() {
    if (peek() != '#') return;
    while (!at_end() && peek() != '\n') ++at_;
  }

  // Over blanks, comments and empty lines. False at the end of the text.
  bool skip_to_content() {
    while (true) {
      skip_blanks();
      skip_comment();
      if (!at_newline()) return !at_end();
      at_ = text_.find('\n', at_) + 1;
      ++line_;
    }
  }

  bool end_line() {
    skip_blanks();
    skip_comment();
    if (at_end() || at_newline()) return true;
    return fail("nothing may follow here but a comment: " + quoted(rest_of_line()));
  }

  std::string rest_of_line() const {
    constexpr std::size_t kEnough = 40;
    const std::string_view rest = text_.substr(at_, text_.find('\n', at_) - at_);
    return std::string(rest.substr(0, std::min(kEnough, rest.find('\r'))));
  }

  std::string read_word() {
    const std::size_t begin = at_;
    while (is_bare(peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  bool read_section() {
    if (peek(1) == '[') return fail("arrays of tables ([[...]]) are not used here");
    take('[');
    skip_blanks();
    ConfigSection section;
    section.line = line_;
    section.name = read_word();
    skip_blanks();
    if (section.name.empty() || !take(']')) return fail("a section is written [name]");
    const std::vector<std::string>& known = known_sections();
    if (std::find(known.begin(), known.end(), section.name) == known.end()) {
      return fail("no such section: [" + section.name + "]");
    }
    if (const ConfigSection* before = find_section(config_, section.name)) {
      return fail("[" + section.name + "] stands in line " + std::to_string(before->line) +
                  " already");
    }
    config_.push_back(std::move(section));
    return true;
  }

  bool read_entry() {
    ConfigEntry entry;
    entry.line = line_;
    const std::string shown = quoted(rest_of_line());
    entry.key = read_word();
    skip_blanks();
    if (entry.key.empty() || !take('=')) return fail("neither [section] nor key = value: " + shown);
    if (config_.empty()) return fail(entry.key + " stands before the first [section]");
    std::vector<ConfigEntry>& entries = config_.back().entries;
    const auto before = std::find_if(entries.begin(), entries.end(),
                                     [&](const ConfigEntry& e) { return e.key == entry.key; });
    if (before != entries.end()) {
      return fail(entry.key + " stands in line " + std::to_string(before->line) + " already");
    }
    skip_blanks();
    if (!read_value(entry)) return false;
    entries.push_back(std::move(entry));
    return true;
  }

  bool read_value(ConfigEntry& entry) {
    if (peek() == '[') return read_array(entry);
    return read_scalar(entry, entry.type);
  }

  bool read_array(ConfigEntry& entry) {
    entry.type = ConfigType::kArray;
    take('[');
    while (true) {
      if (!skip_to_content()) return unclosed(entry);
      if (take(']')) return true;
      ConfigType type{};
      if (!read_scalar(entry, type)) return false;
      if (type == ConfigType::kBool) return fail("an array holds strings or numbers");
      if (!skip_to_content()) return unclosed(entry);
      if (peek() != ']' && !take(',')) {
        return fail("an array needs a comma or ] here: " + quoted(rest_of_line()));
      }
    }
  }

  bool unclosed(const ConfigEntry& entry) {
    line_ = entry.line;
    return fail("the array of " + entry.key + " has no ]");
  }

  bool read_scalar(ConfigEntry& entry, ConfigType& type) {
    ConfigValue value{{}, line_};
    if (peek() == '"' || peek() == '\'') {
      type = ConfigType::kString;
      if (!read_string(value.text)) return false;
    } else {
      const std::string shown = quoted(rest_of_line());
      value.text = read_word();
      const bool ends = at_end() || at_newline() || peek() == ' ' || peek() == '\t' ||
                        peek() == '#' || peek() == ',' || peek() == ']';
      if (ends && (value.text == "true" || value.text == "false")) {
        type = ConfigType::kBool;
      } else if (ends && is_number(value.text)) {
        type = ConfigType::kNumber;
      } else {
        return fail(entry.key +
                    " needs a string in quotes, a number, true, false or an array: " + shown);
      }
    }
    entry.values.push_back(std::move(value));
    return true;
  }

  static bool is_number(std::string_view word) {
    if (word.starts_with('-')) word.remove_prefix(1);
    if (word.empty() || !std::all_of(word.begin(), word.end(), is_digit)) return false;
    return word.size() == 1 || word[0] != '0';  // 010 would be ten here and eight elsewhere
  }

  bool read_string(std::string& text) {
    const char quote = peek();
    if (peek(1) == quote && peek(2) == quote) {
      return fail("strings over several lines are not used here");
    }
    take(quote);
    while (!at_end() && !at_newline()) {
      const char c = text_[at_++];
      if (c == quote) return true;
      if ((static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7F') {
        return fail("a control character in a string: it needs an escape");
      }
      if (c == '\\' && quote == '"') {
        if (!read_escape(text)) return false;
      } else {
        text += c;
      }
    }
    return fail(std::string("a string has no ") + quote + " at its end");
  }

  bool read_escape(std::string& text) {
    constexpr std::string_view kLetters = "btnfr\"\\";
    constexpr std::string_view kMeanings = "\b\t\n\f\r\"\\";
    const char letter = peek();
    if (!at_end()) ++at_;
    if (const std::size_t found = kLetters.find(letter); found != std::string_view::npos) {
      text += kMeanings[found];
      return true;
    }
    if (letter != 'u' && letter != 'U') {
      return fail("a backslash before " + quoted({&letter, 1}) +
                  " means nothing (in '…' it stands for itself)");
    }
    std::uint32_t code = 0;
    for (int left = letter == 'u' ? 4 : 8; left > 0; --left, ++at_) {
      const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(peek());
      if (at_end() || digit == std::string_view::npos) {
        return fail(std::string("the escape ") + letter + " needs " + (letter == 'u' ? "4" : "8") +
                    " hexadecimal digits");
      }
      code = code * 16 + static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
    }
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) {
      return fail(std::string("the escape ") + letter + " names no character");
    }
    append_utf8(text, code);
    return true;
  }

  const std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  Config config_;
  std::optional<Error> mistake_;
};

}  // namespace

Result<Config> parse_config(std::string_view text) { return Parser(text).parse(); }

const std::vector<std::string>& known_sections() {
  static const std::vector<std::string> kSections = {"common",       "repo-scan",   "repo-dump",
                                                     "repo-restore", "repo-report", "policy"};
  return kSections;
}

const ConfigSection* find_section(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.begin(), config.end(), [&](const ConfigSection& section) {
    return section.name == name;
  });
  return found == config.end() ? nullptr : &*found;
}

Error config_mistake(int line, const std::string& message) {
  return plain_error("", "", "line " + std::to_string(line) + ": " + message);
}

}  // namespace repo
