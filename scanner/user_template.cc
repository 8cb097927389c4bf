#include "scanner/user_template.h"

#include <algorithm>
#include <array>

#include "base/bytes_path.h"
#include "base/number.h"
#include "base/text.h"

namespace repo {
namespace {

struct Piece {
  bool is_placeholder = false;
  std::string text;  // of a placeholder what stands between its braces
};

struct Split {
  std::vector<Piece> pieces;
  std::optional<std::string> mistake;
};

Split split(std::string_view text) {
  Split result;
  std::string plain;
  const auto end_plain = [&] {
    if (!plain.empty()) result.pieces.push_back({false, std::move(plain)});
    plain.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if ((c == '{' || c == '}') && i + 1 < text.size() && text[i + 1] == c) {
      plain += c;
      ++i;
    } else if (c == '{') {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos) {
        result.mistake = "a \"{\" that nothing ends: write \"{{\" for the brace itself";
        return result;
      }
      end_plain();
      result.pieces.push_back({true, std::string(text.substr(i + 1, end - i - 1))});
      i = end;
    } else if (c == '}') {
      result.mistake = "a \"}\" that ends nothing: write \"}}\" for the brace itself";
      return result;
    } else {
      plain += c;
    }
  }
  end_plain();
  return result;
}

constexpr std::string_view kMatch = "match";
constexpr std::string_view kMatchNumber = "match.";

// N of "match.N"; nothing where it is anything else.
std::optional<std::size_t> match_number(std::string_view word) {
  constexpr std::size_t kMost = 9999;
  if (!word.starts_with(kMatchNumber)) return std::nullopt;
  const auto n = to_number<std::size_t>(word.substr(kMatchNumber.size()));
  return n && *n >= 1 && *n <= kMost ? n : std::nullopt;
}

struct Word {
  std::string_view name;
  std::string TemplateValues::*value;
  bool in_source;
  bool in_dump;
  bool in_copy;
  bool anywhere;
};
constexpr std::array<Word, 9> kWords = {{
    {"path", &TemplateValues::path, true, true, false, false},
    {"source", &TemplateValues::source, true, true, true, true},
    {"dest", &TemplateValues::dest, false, true, true, false},
    {"prev", &TemplateValues::prev, false, true, false, false},
    {"tmp", &TemplateValues::tmp, true, true, true, true},
    {"name", &TemplateValues::name, true, true, true, true},
    {"user", &TemplateValues::user, true, true, true, true},
    {"host", &TemplateValues::host, true, true, true, true},
    {"time", &TemplateValues::time, true, true, true, true},
}};

bool is_allowed(const Word& word, TemplateUse use) {
  switch (use) {
    case TemplateUse::kSource:
      return word.in_source;
    case TemplateUse::kDump:
      return word.in_dump;
    case TemplateUse::kCopy:
      return word.in_copy;
    case TemplateUse::kAny:
      return word.anywhere;
  }
  return false;
}

std::string allowed_words(TemplateUse use, bool each_match) {
  std::string text;
  for (const Word& word : kWords) {
    if (is_allowed(word, use)) text += (text.empty() ? "{" : " {") + std::string(word.name) + "}";
  }
  if (use == TemplateUse::kAny) return text;
  return text + (each_match ? " {match}" : "") + " {match.1}, {match.2} …";
}

}  // namespace

std::optional<std::string> mistake_in_template(std::string_view text, TemplateUse use,
                                               bool each_match) {
  if (text.find('\0') != std::string_view::npos) return "a NUL in it";
  const Split parts = split(text);
  if (parts.mistake) return parts.mistake;
  for (const Piece& piece : parts.pieces) {
    if (!piece.is_placeholder) continue;
    const auto* word = std::find_if(kWords.begin(), kWords.end(),
                                    [&](const Word& each) { return each.name == piece.text; });
    if (word != kWords.end() && is_allowed(*word, use)) continue;
    const bool is_match = use != TemplateUse::kAny && (each_match ? piece.text == kMatch : false);
    if (is_match || (use != TemplateUse::kAny && match_number(piece.text))) continue;
    std::string why = "{" + printable(piece.text) + "}";
    if (piece.text == kMatch && use != TemplateUse::kAny) {
      return why + " needs \"for_each\": \"match\" in the command";
    }
    why += word == kWords.end() ? " is not known" : " has no meaning here";
    return why + "; allowed: " + allowed_words(use, each_match);
  }
  return std::nullopt;
}

bool names_a_match(std::string_view text) {
  const Split parts = split(text);
  return std::any_of(parts.pieces.begin(), parts.pieces.end(), [](const Piece& piece) {
    return piece.is_placeholder && (piece.text == kMatch || match_number(piece.text));
  });
}

Result<std::string> fill_template(std::string_view text, const TemplateValues& values) {
  std::string filled;
  for (const Piece& piece : split(text).pieces) {
    if (!piece.is_placeholder) {
      filled += piece.text;
      continue;
    }
    if (const auto n = match_number(piece.text)) {
      if (*n > values.matches.size()) {
        return plain_error("", "",
                           "{" + piece.text + "}: the signature matches " +
                               counted(values.matches.size(), "file"));
      }
      filled += values.matches[*n - 1];
      continue;
    }
    if (piece.text == kMatch) {
      filled += values.match.value_or("");
      continue;
    }
    for (const Word& word : kWords) {
      if (word.name == piece.text) filled += values.*word.value;
    }
  }
  return filled;
}

}  // namespace repo
