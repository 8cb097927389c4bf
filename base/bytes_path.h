// Paths are bytes. These are the only ways from bytes to text and back.
//
// A Linux path is any byte string without NUL: maybe not UTF-8, maybe with newlines or terminal
// escapes in it. In documents a path is UTF-8 text plus, where the bytes are not valid UTF-8, the
// exact bytes in base64; on a terminal it is made harmless.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace repo {

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view bytes);

// Valid UTF-8 for documents: bytes that are no part of a valid sequence become U+FFFD.
std::string readable(std::string_view bytes);

// For terminals and logs, always one line: control characters, DEL, C1 controls, bidirectional
// overrides, line and paragraph separators and bytes that are not UTF-8 become \n, \t, \xHH or
// \u{HHHH}; a backslash becomes two.
std::string printable(std::string_view bytes);

// RFC 4648 section 4, with padding.
std::string base64_encode(std::string_view bytes);

// Nothing where `text` is not canonical base64.
std::optional<std::string> base64_decode(std::string_view text);

// Absolute, no empty, "." or ".." component, no NUL, no trailing slash ("/" itself is fine).
bool is_canonical_path(std::string_view path);

// True where `path` is `root` or lies below it. Both canonical, or relative to the same directory.
bool is_within(std::string_view path, std::string_view root);

// The same without `root` itself.
bool is_below(std::string_view path, std::string_view root);

// `parent` and `name` with one slash between them.
std::string join_path(std::string_view parent, std::string_view name);

}  // namespace repo
