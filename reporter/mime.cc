#include "reporter/mime.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bytes_path.h"
#include "reporter/cut.h"

namespace repo {
namespace {

constexpr std::size_t kLongestLine = 76;  // RFC 2045, of quoted-printable

bool is_control(char each) {
  const auto c = static_cast<unsigned char>(each);
  return c < 0x20 || c == 0x7F;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool has_only(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_alphanumeric(c) || others.find(c) != std::string_view::npos;
  });
}

std::string only(std::string_view text, std::string_view others) {
  std::string kept;
  for (const char c : text) {
    if (has_only({&c, 1}, others)) kept += c;
  }
  return kept;
}

// Lines that end with \n, without other control characters.
std::string body_text(std::string_view bytes) {
  std::string text;
  const std::string valid = readable(bytes);
  for (std::size_t at = 0; at < valid.size(); ++at) {
    const char c = valid[at];
    if (c == '\r') {
      if (at + 1 == valid.size() || valid[at + 1] != '\n') text += '\n';
    } else if (is_control(c) && c != '\n' && c != '\t') {
      text += "\uFFFD";
    } else {
      text += c;
    }
  }
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

// One line of text; `out` gets its last soft break but not the end of the line.
void quote_line(std::string_view line, std::string& out) {
  std::size_t column = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    const auto c = static_cast<unsigned char>(line[at]);
    const bool last = at + 1 == line.size();
    const bool blank = c == ' ' || c == '\t';
    bool literal = blank ? !last : c > 0x20 && c < 0x7F && c != '=';
    const std::size_t room = kLongestLine - (last ? 0 : 1);  // for the "=" of a soft break
    if (column + (literal ? 1 : 3) > room) {
      out += "=\n";
      column = 0;
    }
    // Programs on the way take these for something else.
    if (column == 0 && (c == '.' || line.substr(at).starts_with("From "))) literal = false;
    out += literal ? std::string(1, line[at]) : fmt::format("={:02X}", c);
    column += literal ? 1 : 3;
  }
}

std::string quoted_printable(std::string_view bytes) {
  std::string out;
  const std::string text = body_text(bytes);
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    quote_line(line, out);
    out += '\n';
    rest.remove_prefix(line.size() + 1);
  }
  return out;
}

// Characters that a terminal or a mail program would act upon become blanks.
std::string one_line(std::string_view bytes) {
  std::string line;
  const std::string valid = readable(bytes);
  for (std::string_view rest = valid; !rest.empty();) {
    std::size_t length = 1;
    while (length < rest.size() && (static_cast<unsigned char>(rest[length]) & 0xC0) == 0x80) {
      ++length;
    }
    const std::string_view character = rest.substr(0, length);
    const bool harmless = character == "\\" || printable(character) == character;
    line += harmless ? character : " ";
    rest.remove_prefix(length);
  }
  const std::size_t first = line.find_first_not_of(' ');
  if (first == std::string::npos) return "";
  return line.substr(first, line.find_last_not_of(' ') - first + 1);
}

// RFC 2047 encoded words where plain ASCII in one line does not do.
std::string subject_header(std::string_view subject) {
  constexpr std::size_t kLongest = 78;
  constexpr std::size_t kBytesOfWord = 42;  // 56 in base64, 68 with "=?UTF-8?B?" and "?="
  const std::string line = one_line(subject);
  std::string header = "Subject: ";
  if (line.empty()) return "Subject:\n";
  const bool ascii =
      std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  if (ascii && header.size() + line.size() <= kLongest && line.find("=?") == std::string::npos) {
    return header + line + '\n';
  }
  for (std::string_view rest = line; !rest.empty();) {
    const std::string_view word = cut_at_character(rest, kBytesOfWord);
    if (word.data() != line.data()) header += "\n ";
    header += "=?UTF-8?B?" + base64_encode(word) + "?=";
    rest.remove_prefix(word.size());
  }
  return header + '\n';
}

std::string part(std::string_view boundary, std::string_view type, std::string_view content) {
  return fmt::format(
      "--{}\nContent-Type: {}; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n{}\n",
      boundary, type, quoted_printable(content));
}

}  // namespace

std::string mail_message(const MailHead& head, const MailText& text, LineEnd line_end) {
  constexpr std::size_t kMostOfId = 40;
  const std::string id = only(head.id, ".-_").substr(0, kMostOfId);
  const std::string host = only(head.host, ".-");
  // "=_" never stands in quoted-printable, so that no text can end its part.
  const std::string boundary = "=_repo-report." + id;
  std::string to;
  for (const std::string& each : head.to) to += (to.empty() ? "" : ",\n ") + one_line(each);
  std::string message = "From: " + one_line(head.from) + "\nTo: " + to + '\n' +
                        subject_header(text.subject) + "Date: " + rfc5322_date(head.date) +
                        "\nMessage-ID: <" + id + '@' + (host.empty() ? "localhost" : host) +
                        ">\nMIME-Version: 1.0\nAuto-Submitted: auto-generated\n"
                        "Content-Type: multipart/alternative;\n boundary=\"" +
                        boundary + "\"\n\n" + part(boundary, "text/plain", text.text) +
                        part(boundary, "text/html", text.html) + "--" + boundary + "--\n";
  if (line_end == LineEnd::kLf) return message;
  std::string wire;
  wire.reserve(message.size() + message.size() / 32);
  for (const char c : message) {
    if (c == '\n') wire += '\r';
    wire += c;
  }
  return wire;
}

std::string rfc5322_date(UtcTime time) {
  constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format(
      "{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[std::chrono::weekday(day).c_encoding()],
      static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
      static_cast<int>(date.year()), clock.hours().count(), clock.minutes().count(),
      clock.seconds().count());
}

bool is_mail_address(std::string_view text) {
  constexpr std::size_t kLongestName = 64;
  constexpr std::size_t kLongest = 254;  // RFC 5321
  const std::size_t at = text.find('@');
  const std::string_view name = text.substr(0, at);
  auto has_good_dots = [](std::string_view part) {
    return !part.empty() && part.front() != '.' && part.back() != '.' &&
           part.find("..") == std::string_view::npos;
  };
  if (text.size() > kLongest || name.size() > kLongestName || name.starts_with('-')) return false;
  if (!has_good_dots(name) || !has_only(name, ".-_+=~'&")) return false;
  if (at == std::string_view::npos) return true;
  const std::string_view domain = text.substr(at + 1);
  if (!has_good_dots(domain) || !has_only(domain, ".-")) return false;
  return !domain.starts_with('-') && !domain.ends_with('-') &&
         domain.find("-.") == std::string_view::npos && domain.find(".-") == std::string_view::npos;
}

}  // namespace repo
