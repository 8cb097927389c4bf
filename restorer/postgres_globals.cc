#include "restorer/postgres_globals.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <iterator>
#include <optional>

#include "base/bytes_path.h"

namespace repo {
namespace {

constexpr std::string_view kTrailer = "-- PostgreSQL database cluster dump complete";

Error wrong(const std::string& why) { return plain_error("", "", why); }

// A word, a quoted name, a text, or a sign.
struct Token {
  enum class Type { kWord, kName, kText, kSign };
  Type type = Type::kSign;
  std::string value;  // of a name and a text: without quotes; of a word: in upper case
  std::size_t begin = 0;
  std::size_t end = 0;  // in the statement

  bool is(std::string_view word) const { return type == Type::kWord && value == word; }
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool saw_trailer() const { return saw_trailer_; }

  // The next statement, with its tokens; an empty one at the end.
  struct Statement {
    std::string text;
    std::vector<Token> tokens;
  };
  Result<Statement> next() {
    Statement statement;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == ';') {
        ++at_;
        return statement;
      }
      if (std::isspace(static_cast<unsigned char>(c)) != 0) {
        if (!statement.text.empty()) statement.text += c;
        ++at_;
      } else if (text_.substr(at_, 2) == "--") {
        skip_comment();
      } else if (statement.text.empty() && is_restrict_line()) {
        skip_line();
      } else if (Status taken = take_token(statement); !taken) {
        return taken.error();
      }
    }
    if (!statement.tokens.empty()) return wrong("its last statement has no end");
    return statement;
  }

  bool is_done() const { return at_ >= text_.size(); }
  void set_standard_strings(bool standard) { standard_strings_ = standard; }

 private:
  std::string_view line() const { return text_.substr(at_, text_.find('\n', at_) - at_); }
  void skip_line() { at_ += line().size(); }
  void skip_comment() {
    saw_trailer_ = line() == kTrailer || (saw_trailer_ && line() == "--");
    skip_line();
  }
  // "\restrict KEY": psql's own, which guards the lines up to "\unrestrict KEY".
  bool is_restrict_line() const {
    if (at_ > 0 && text_[at_ - 1] != '\n') return false;
    for (const std::string_view command : {"\\restrict ", "\\unrestrict "}) {
      if (!line().starts_with(command)) continue;
      const std::string_view key = line().substr(command.size());
      return !key.empty() && std::all_of(key.begin(), key.end(), is_word);
    }
    return false;
  }

  Status take_token(Statement& statement) {
    Token token;
    token.begin = statement.text.size();
    const std::size_t begin = at_;
    const char c = text_[at_];
    const bool escapes = (c == 'E' || c == 'e') && text_.substr(at_ + 1, 1) == "'";
    if (escapes) ++at_;
    if (c == '"' || c == '\'' || escapes) {
      token.type = c == '"' ? Token::Type::kName : Token::Type::kText;
      const bool has_escapes = c != '"' && (escapes || !standard_strings_);
      if (!take_quoted(token.value, has_escapes)) return wrong("a quote in it has no end");
    } else if (is_word(c)) {
      token.type = Token::Type::kWord;
      while (at_ < text_.size() && is_word(text_[at_])) {
        token.value += static_cast<char>(std::toupper(static_cast<unsigned char>(text_[at_++])));
      }
    } else if (std::string_view(",.=()*+-").find(c) != std::string_view::npos) {
      token.value = c;
      ++at_;
    } else {
      return wrong("it has in it what pg_dumpall does not write: " +
                   printable(std::string(line().substr(0, 60))));
    }
    statement.text += text_.substr(begin, at_ - begin);
    token.end = statement.text.size();
    statement.tokens.push_back(std::move(token));
    saw_trailer_ = false;
    return {};
  }

  bool take_quoted(std::string& value, bool has_escapes) {
    const char quote = text_[at_++];
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) {
        if (text_.substr(at_, 1) != std::string_view(&quote, 1)) return true;
        ++at_;
      } else if (c == '\\' && has_escapes) {
        if (at_ == text_.size()) return false;
        value += text_[at_++];  // pg_dumpall escapes quotes and backslashes, and nothing else
        continue;
      }
      value += c;
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool standard_strings_ = true;
  bool saw_trailer_ = false;
};

bool begins_with(const std::vector<Token>& tokens, std::initializer_list<std::string_view> words) {
  return tokens.size() >= words.size() &&
         std::equal(words.begin(), words.end(), tokens.begin(),
                    [](std::string_view word, const Token& token) { return token.is(word); });
}

bool is_known(const std::vector<Token>& tokens) {
  constexpr std::array<std::array<std::string_view, 2>, 11> kKnown = {{{"CREATE", "ROLE"},
                                                                       {"ALTER", "ROLE"},
                                                                       {"CREATE", "TABLESPACE"},
                                                                       {"ALTER", "TABLESPACE"},
                                                                       {"COMMENT", "ON"},
                                                                       {"SECURITY", "LABEL"},
                                                                       {"GRANT", ""},
                                                                       {"REVOKE", ""},
                                                                       {"SET", ""},
                                                                       {"CREATE", "USER"},
                                                                       {"ALTER", "USER"}}};
  return std::any_of(kKnown.begin(), kKnown.end(), [&](const auto& words) {
    return words[1].empty() ? begins_with(tokens, {words[0]})
                            : begins_with(tokens, {words[0], words[1]});
  });
}

// As pg_dumpall writes names: without quotes only where they are in lower case.
std::string name_in(const Token& token) {
  if (token.type != Token::Type::kWord) return token.value;
  std::string name = token.value;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

// Whether a comment has this name in it, with its line breaks.
bool ends_a_comment(std::string_view text, const std::string& name) {
  return name.find_first_of("\r\n") != std::string::npos &&
         text.find("-- User Config \"" + name) != std::string_view::npos;
}

// The text behind this word, where there is one.
const Token* text_behind(const std::vector<Token>& tokens, std::string_view word) {
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i].is(word) && tokens[i + 1].type == Token::Type::kText) return &tokens[i + 1];
  }
  return nullptr;
}

// "GRANT a TO b GRANTED BY c" without its end; empty where it is no such statement.
std::string without_grantor(const std::string& statement) {
  const std::string text = statement + ";";
  const Result<Reader::Statement> read = Reader(text).next();
  if (!read || !begins_with(read->tokens, {"GRANT"})) return {};
  const std::size_t count = read->tokens.size();
  if (count < 4 || !read->tokens[count - 3].is("GRANTED") || !read->tokens[count - 2].is("BY")) {
    return {};
  }
  const std::string grant = statement.substr(0, read->tokens[count - 3].begin);
  return grant.substr(0, grant.find_last_not_of(' ') + 1);
}

std::vector<std::string> all_of(const Globals& globals) {
  std::vector<std::string> all = globals.statements;
  all.insert(all.end(), globals.of_superuser.begin(), globals.of_superuser.end());
  return all;
}

}  // namespace

std::string Globals::text() const {
  std::string text;
  for (const std::string& each : statements) text += each + ";\n";
  return text;
}

std::string Globals::last_text() const {
  std::string text;
  for (const std::string& each : statements) {
    if (each.starts_with("SET ")) text += each + ";\n";  // of the session: how texts are written
  }
  // With ALTER ROLE … WITH he may lose the rights that the others take: it comes last.
  for (auto each = of_superuser.rbegin(); each != of_superuser.rend(); ++each) {
    text += *each + ";\n";
  }
  return text;
}

Result<Globals> read_globals(std::string_view text, const GlobalsOptions& options) {
  Globals globals;
  Reader reader(text);
  while (!reader.is_done()) {
    Result<Reader::Statement> read = reader.next();
    if (!read) return read.error();
    std::string& statement = read->text;
    const std::vector<Token>& tokens = read->tokens;
    if (tokens.empty()) continue;
    if (!is_known(tokens)) {
      return wrong("it has a statement that pg_dumpall does not write: " +
                   printable(statement.substr(0, 60)));
    }
    if (begins_with(tokens, {"SET", "STANDARD_CONFORMING_STRINGS"})) {
      reader.set_standard_strings(!tokens.back().is("OFF"));
    }
    if (begins_with(tokens, {"CREATE", "ROLE"}) && tokens.size() == 3 &&
        name_in(tokens[2]) == options.superuser) {
      continue;
    }
    const bool is_of_role = tokens.size() >= 3 && (begins_with(tokens, {"CREATE", "ROLE"}) ||
                                                   begins_with(tokens, {"ALTER", "ROLE"}));
    if (is_of_role && !options.helper.empty() && name_in(tokens[2]) == options.helper) continue;
    const bool is_of_superuser = is_of_role && name_in(tokens[2]) == options.superuser;
    if (is_of_role && ends_a_comment(text, name_in(tokens[2]))) {
      return wrong("a comment in it ends within the name of a role, and what follows may be " +
                   std::string("anybody's: a newer pg_dumpall does not write this"));
    }
    if (begins_with(tokens, {"CREATE", "TABLESPACE"})) {
      const Token* location = text_behind(tokens, "LOCATION");
      if (!location || tokens.size() < 3) return wrong("it has a tablespace without a place");
      globals.tablespaces.push_back({name_in(tokens[2]), location->value});
      statement.replace(location->begin, location->end - location->begin, "''");
    }
    const Token* password = text_behind(tokens, "PASSWORD");
    if (password && !options.passwords && begins_with(tokens, {"ALTER", "ROLE"})) {
      const Token& word = *(password - 1);
      statement.erase(word.begin, password->end - word.begin);
    }
    statement.erase(statement.find_last_not_of(" \t\r\n") + 1);
    (is_of_superuser ? globals.of_superuser : globals.statements).push_back(std::move(statement));
  }
  if (!reader.saw_trailer()) return wrong("its last line is missing: it is not whole");
  return globals;
}

std::string differing_statement(const Globals& source, const Globals& restored) {
  std::vector<std::string> one = all_of(source);
  std::vector<std::string> other = all_of(restored);
  std::sort(one.begin(), one.end());
  for (std::string& each : other) {
    std::string grant = without_grantor(each);
    if (!grant.empty() && std::binary_search(one.begin(), one.end(), grant)) {
      each = std::move(grant);
    }
  }
  std::sort(other.begin(), other.end());
  std::vector<std::string> differing;
  std::set_symmetric_difference(one.begin(), one.end(), other.begin(), other.end(),
                                std::back_inserter(differing));
  return differing.empty() ? std::string() : differing.front();
}

}  // namespace repo
