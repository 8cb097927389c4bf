#include "tests/support/markup_check.h"

#include <algorithm>
#include <stdexcept>

namespace repo::test {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::vector<Element> read() {
    if (text_.starts_with("<!DOCTYPE html>")) at_ = text_.find('>') + 1;
    while (at_ < text_.size()) {
      if (text_[at_] != '<') {
        character();
      } else if (text_.substr(at_).starts_with("</")) {
        end_tag();
      } else {
        start_tag();
      }
    }
    if (!open_.empty()) fail("not closed: " + open_.back());
    return std::move(elements_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + ", at: " + std::string(text_.substr(at_, 80)));
  }
  void expect(char c) {
    if (at_ >= text_.size() || text_[at_] != c) fail(std::string("expected ") + c);
    ++at_;
  }

  void character() {
    const char c = text_[at_];
    if (c == '<') fail("a loose <");
    if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') fail("a control character");
    if (c == '&') {
      static constexpr std::string_view kKnown[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
      if (std::none_of(std::begin(kKnown), std::end(kKnown), [&](std::string_view entity) {
            return text_.substr(at_).starts_with(entity);
          })) {
        fail("a loose &");
      }
    }
    if (text_.substr(at_).starts_with("]]>")) fail("the end of a CDATA section");
    ++at_;
  }

  std::string name() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  text_[at_] == '-' || text_[at_] == ':')) {
      ++at_;
    }
    if (begin == at_) fail("expected a name");
    return std::string(text_.substr(begin, at_ - begin));
  }

  void start_tag() {
    expect('<');
    Element element{name(), {}};
    while (at_ < text_.size() && text_[at_] == ' ') {
      ++at_;
      const std::string attribute = name();
      expect('=');
      expect('"');
      const std::size_t begin = at_;
      while (at_ < text_.size() && text_[at_] != '"') character();
      const std::string value(text_.substr(begin, at_ - begin));
      expect('"');
      for (const auto& [known, given] : element.attributes) {
        if (known == attribute) fail("twice: " + attribute);
      }
      element.attributes.emplace_back(attribute, value);
    }
    const bool is_closed = at_ < text_.size() && text_[at_] == '/';
    if (is_closed) ++at_;
    expect('>');
    if (!is_closed) open_.push_back(element.name);
    elements_.push_back(std::move(element));
  }

  void end_tag() {
    at_ += 2;
    const std::string closed = name();
    expect('>');
    if (open_.empty() || open_.back() != closed) fail("closes what is not open: " + closed);
    open_.pop_back();
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> open_;
  std::vector<Element> elements_;
};

}  // namespace

std::string broken_markup(std::string_view text) {
  try {
    Reader(text).read();
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

std::vector<Element> elements_of(std::string_view text) { return Reader(text).read(); }

}  // namespace repo::test
